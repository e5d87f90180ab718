/** What can be wrong with the configuration. The message says where, why and what to do next. */

export type ConfigErrorCode =
  /** The file is no TOML. */
  | 'config-corrupt'
  /** A key that is no option. */
  | 'config-unknown-key'
  /** A value that its option cannot take. */
  | 'config-bad-value'
  /** The operating system does not let the daemon read or write the file. */
  | 'config-unreadable'
  /** An environment variable whose value its option cannot take. */
  | 'environment-bad-value'

export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code: ConfigErrorCode

  constructor(code: ConfigErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

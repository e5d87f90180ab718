/** Errors of this device's own group log. */

export type GroupErrorCode =
  /** The log in the data directory is not what was written there. */
  | 'log-corrupt'
  /** A newer program wrote it. Untouched. */
  | 'newer'
  /** Something was to be signed in the name of a group that this device is not in. */
  | 'not-a-member'

export class GroupError extends Error {
  override readonly name = 'GroupError'
  readonly code: GroupErrorCode

  constructor(code: GroupErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

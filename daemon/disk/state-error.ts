/** Why state files are not used. The message says what to do next. */

export type StateErrorCode =
  /** Others can read or change them: keys lie in them. */
  'exposed'

export class StateError extends Error {
  override readonly name = 'StateError'
  readonly code: StateErrorCode

  constructor(code: StateErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

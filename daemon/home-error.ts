/** Why a data directory cannot be used. The message says what to do next. */

export type HomeErrorCode =
  /** Others can enter it: keys and tokens lie in it. */
  | 'home-exposed'
  /** It belongs to another user. */
  | 'home-foreign'
  /** It is no directory, or cannot be made or written to. */
  | 'home-unusable'
  /** Another daemon has it. */
  | 'second-daemon'

export class HomeError extends Error {
  override readonly name = 'HomeError'
  readonly code: HomeErrorCode

  constructor(code: HomeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

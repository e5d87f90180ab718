/** Why the API cannot listen. Each stops the daemon's start, with a sentence for the person who started it. */

export type HttpErrorCode =
  /** A daemon of this home is running already. */
  | 'second-daemon'
  /** The port that was asked for is taken, or every port that may be tried. */
  | 'port-taken'
  /** The address is not one of loopback. */
  | 'not-loopback'
  /** The directory of the socket belongs to, or is open to, somebody else; or the path is too long. */
  | 'socket-unusable'

export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly code: HttpErrorCode
  readonly nextStep: string

  constructor(code: HttpErrorCode, message: string, nextStep: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.nextStep = nextStep
  }
}

/** Whether the operating system gave this reason. */
export function hasErrno(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

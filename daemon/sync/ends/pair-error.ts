/** Why a pair cannot be run. Each has a code that the HTTP API answers with, too. */

export type PairErrorCode =
  | 'bad-request'
  /** A side is not there. */
  | 'path-not-found'
  | 'not-a-directory'
  | 'root-read-only'
  | 'root-denied'
  /** Holt's own data lies in a side, or a side in it. */
  | 'root-private'
  /** The sides are one directory, or one lies inside the other. */
  | 'ends-overlap'
  /** Another run of the same pair is under way. */
  | 'pair-busy'
  /** A comparison by hash of a side that knows none. */
  | 'no-hashes'
  /** What is remembered of the pair was written by a newer Holt. */
  | 'update-needed'
  | 'no-space'
  /** The disk answered with an error. */
  | 'storage-failed'

export class PairError extends Error {
  override readonly name = 'PairError'
  readonly code: PairErrorCode

  constructor(code: PairErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

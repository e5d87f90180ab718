/** What may be wrong with the base of a pair when it is opened. */

export type PairBaseErrorCode =
  /** Another run has it. */
  | 'busy'
  /** Written by a newer program. Untouched. */
  | 'newer'
  /** It is set aside, and begun anew. */
  | 'damaged'

export class PairBaseError extends Error {
  override readonly name = 'PairBaseError'
  readonly code: PairBaseErrorCode

  constructor(code: PairBaseErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

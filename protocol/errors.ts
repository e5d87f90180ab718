/** Errors of what two programs agree on. A peer that causes one has broken the protocol; nothing was changed. */

export type ProtocolErrorCode =
  /** Bytes that are not the canonical encoding of any value. */
  | 'not-canonical'
  /** A value of the wrong type, length or range for its field. */
  | 'bad-field'
  /** More bytes, items or depth than `limits.ts` allows. */
  | 'too-large'
  /** A signature that does not fit its bytes and key. */
  | 'bad-signature'
  /** A link, sequence number or digest that does not continue what is known. */
  | 'broken-chain'
  /** A major version or operation kind that this program does not know. */
  | 'unknown-version'
  /** A message that may not come at this point of the conversation. */
  | 'out-of-turn'

/** @throws nothing itself; thrown by every parser in `protocol/`. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  readonly code: ProtocolErrorCode

  constructor(code: ProtocolErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** For the `default` branch of a switch that the compiler knows to be exhaustive. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}

/**
 * What two members say on `/holt/clock/1`: the one that asks says `[]`, the other `[wallMs]`, milliseconds since 1970 by its
 * clock. Nothing is decided by it; people are told of a clock that is wrong.
 */

import { asArray, asUint, decode, encode } from './codec.ts'

export function encodeClockQuestion(): Uint8Array {
  return encode([])
}

/** @throws ProtocolError */
export function decodeClockQuestion(frame: Uint8Array): void {
  asArray(decode(frame), 'clock question', 0)
}

/** A clock before 1970 says 1970. */
export function encodeClockAnswer(wallMs: number): Uint8Array {
  return encode([Math.max(0, wallMs)])
}

/** @throws ProtocolError */
export function decodeClockAnswer(frame: Uint8Array): number {
  return asUint(asArray(decode(frame), 'clock answer', 1)[0], 'time')
}

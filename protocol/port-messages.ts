/**
 * What two members say on `/holt/ports/1`: each learns whether the other can open connections to it. The one that asks says
 * `[port]`, where it listens; the other tries that port at the address that the question came from, and says
 * `[port, isReached]`: where it listens itself, and whether it got through.
 */

import { asArray, asBool, asUint, decode, encode } from './codec.ts'

export const PORT_MAX = 65_535

export interface PortAnswer {
  readonly port: number
  readonly isReached: boolean
}

export function encodePortQuestion(port: number): Uint8Array {
  return encode([port])
}

/** @throws ProtocolError */
export function decodePortQuestion(frame: Uint8Array): number {
  return asUint(asArray(decode(frame), 'port question', 1)[0], 'port', PORT_MAX)
}

export function encodePortAnswer({ port, isReached }: PortAnswer): Uint8Array {
  return encode([port, isReached])
}

/** @throws ProtocolError */
export function decodePortAnswer(frame: Uint8Array): PortAnswer {
  const [port, isReached] = asArray(decode(frame), 'port answer', 2)
  return { port: asUint(port, 'port', PORT_MAX), isReached: asBool(isReached, 'whether the port is reached') }
}

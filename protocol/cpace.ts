/**
 * CPace, the balanced password-authenticated key exchange of draft-irtf-cfrg-cpace-21, as suite CPACE-RISTR255-SHA512 in
 * its initiator-responder form (sections 7, 8.3 and 10.4). Someone who does not know the password learns nothing that
 * could be tested offline; each run is one guess.
 */

import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha512 } from '@noble/hashes/sha2.js'

const encoder = new TextEncoder()
const { Point } = ristretto255
type Element = InstanceType<typeof Point>

const DSI = encoder.encode('CPaceRistretto255')
const DSI_ISK = encoder.encode('CPaceRistretto255_ISK')
const DSI_MAC = encoder.encode('CPaceMac')
/** The input block size of SHA-512. */
const HASH_BLOCK_BYTES = 128
/** A scalar has 252 bits: the upper four of its last byte are cleared. */
const SCALAR_TOP_MASK = 0x0f

/** Encoded group elements and scalars. */
export const CPACE_SHARE_BYTES = 32
/** HMAC-SHA512. */
export const CPACE_TAG_BYTES = 64

/** What both sides put in; all of it must be equal for the same key to come out. */
export interface CpaceInput {
  /** The password: `PRS` of the draft. */
  readonly password: Uint8Array
  /** Names the channel and both ends: `CI` of the draft. */
  readonly channel: Uint8Array
  readonly sessionId: Uint8Array
}

/** One side's secret and what it sends. Used once. */
export interface CpaceSecret {
  readonly scalar: bigint
  readonly share: Uint8Array
}

/** A share as it was sent, with the data that goes with it and is bound into the key. */
export interface CpaceMessage {
  readonly share: Uint8Array
  readonly associated: Uint8Array
}

/** @param random 32 unpredictable bytes, for this run only. */
export function createSecret(input: CpaceInput, random: Uint8Array): CpaceSecret {
  const scalar = scalarFrom(random)
  return { scalar, share: generator(input).multiply(scalar).toBytes() }
}

/**
 * The intermediate session key, 64 bytes; the same on both sides if all that went in is. Undefined when the other's share is
 * no group element or the neutral one: the run must stop.
 */
export function deriveKey(
  input: CpaceInput,
  own: CpaceSecret,
  initiator: CpaceMessage,
  responder: CpaceMessage,
): Uint8Array | undefined {
  const isInitiator = sameSecretBytes(own.share, initiator.share)
  const point = multiplyVerified(own.scalar, isInitiator ? responder.share : initiator.share)
  if (point === undefined) return undefined
  return sha512(joined(lengthValue(DSI_ISK, input.sessionId, point), messageBytes(initiator), messageBytes(responder)))
}

/** The proof that a side knows the key: HMAC over the message that it sent itself. */
export function confirmationTag(key: Uint8Array, sessionId: Uint8Array, ownMessage: CpaceMessage): Uint8Array {
  return hmac(sha512, sha512(joined(DSI_MAC, sessionId, key)), messageBytes(ownMessage))
}

/** Compares in a time that does not depend on where the bytes differ. */
export function sameSecretBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (const [i, byte] of a.entries()) difference |= byte ^ (b[i] ?? 0)
  return difference === 0
}

/** `lv_cat`: each string after its length in LEB128. */
export function lengthValue(...strings: readonly Uint8Array[]): Uint8Array {
  return joined(...strings.flatMap((bytes) => [leb128(bytes.length), bytes]))
}

/** `generator_string`: fills the first hash block, so that the time does not tell the password's length. */
export function generatorString({ password, channel, sessionId }: CpaceInput): Uint8Array {
  const used = lengthValue(DSI, password).length + 1
  const padding = new Uint8Array(Math.max(0, HASH_BLOCK_BYTES - used))
  return lengthValue(DSI, password, padding, channel, sessionId)
}

/** `scalar_mult_vfy`: undefined stands for the neutral element, which also answers an encoding of no element. */
export function multiplyVerified(scalar: bigint, encoded: Uint8Array): Uint8Array | undefined {
  const point = decodeElement(encoded)
  return point === undefined || point.is0() ? undefined : point.multiply(scalar).toBytes()
}

/** `sample_scalar` from 32 random bytes, little-endian. */
export function scalarFrom(random: Uint8Array): bigint {
  if (random.length !== CPACE_SHARE_BYTES) throw new RangeError(`a scalar is made of ${CPACE_SHARE_BYTES} bytes`)
  let scalar = 0n
  for (const [i, byte] of random.entries()) {
    const bits = i === CPACE_SHARE_BYTES - 1 ? byte & SCALAR_TOP_MASK : byte
    scalar |= BigInt(bits) << BigInt(8 * i)
  }
  if (scalar === 0n) throw new RangeError('the source of random bytes gave only zeros')
  return scalar
}

/** The element derivation of RFC 9496, section 4.3.4. */
function generator(input: CpaceInput): Element {
  const derived = ristretto255_hasher.deriveToCurve?.(sha512(generatorString(input)))
  if (derived === undefined) throw new Error('this build of ristretto255 derives no elements')
  return derived
}

function decodeElement(encoded: Uint8Array): Element | undefined {
  try {
    return Point.fromBytes(encoded)
  } catch {
    // The library refuses in many words; for the protocol each of them means the same.
    return undefined
  }
}

function messageBytes({ share, associated }: CpaceMessage): Uint8Array {
  return lengthValue(share, associated)
}

function leb128(length: number): Uint8Array {
  const bytes: number[] = []
  let rest = length
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return Uint8Array.of(...bytes, rest)
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

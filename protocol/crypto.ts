/** The cryptography that functions of `protocol/` take as an argument; the daemon supplies the native one. */

import type { DeviceId } from './ids.ts'
import { deviceIdOf } from './ids.ts'
import { ProtocolError } from './errors.ts'

/** A running BLAKE3. `digest` may be called once. */
export interface Hasher {
  update(bytes: Uint8Array): void
  /** 32 bytes. */
  digest(): Uint8Array
}

export interface Crypto {
  /** BLAKE3 of some bytes: 32 bytes. */
  blake3(bytes: Uint8Array): Uint8Array
  hasher(): Hasher
  /** Whether an Ed25519 signature (64 bytes) of a public key (32 bytes) fits a message. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}

/** The private half of this device's identity. */
export interface Signer {
  readonly device: DeviceId
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  /** Ed25519 over the message itself: 64 bytes. */
  sign(message: Uint8Array): Uint8Array
}

/** A body and its signature, as they travel and as they are stored. */
export interface Signed {
  readonly body: Uint8Array
  readonly signature: Uint8Array
}

const encoder = new TextEncoder()

/** What is signed for a body: `"holt/<what>/1\0" || BLAKE3(body)`. */
export function signingString(what: string, body: Uint8Array, crypto: Crypto): Uint8Array {
  const domain = encoder.encode(`holt/${what}/1\0`)
  const hash = crypto.blake3(body)
  const message = new Uint8Array(domain.length + hash.length)
  message.set(domain)
  message.set(hash, domain.length)
  return message
}

export function sealBody(what: string, body: Uint8Array, signer: Signer, crypto: Crypto): Signed {
  return { body, signature: signer.sign(signingString(what, body, crypto)) }
}

/** @throws ProtocolError `bad-signature` unless `publicKey` signed exactly these bytes for this purpose. */
export function checkSignature(what: string, signed: Signed, publicKey: Uint8Array, crypto: Crypto): void {
  if (!crypto.verify(publicKey, signingString(what, signed.body, crypto), signed.signature)) {
    throw new ProtocolError('bad-signature', `a ${what} is not signed by ${deviceIdOf(publicKey)}`)
  }
}

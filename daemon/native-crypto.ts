/** The cryptography of the daemon: BLAKE3, and Ed25519 from `node:crypto`. */

import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Crypto, Signer } from '../protocol/crypto.ts'
import { deviceIdOf } from '../protocol/ids.ts'
import { KEY_BYTES } from '../protocol/limits.ts'
import { blake3, blake3Hasher } from './blake3.ts'

/** DER of an Ed25519 key up to its 32 bytes (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
/** DER of an X25519 private key up to its 32 bytes (RFC 8410). */
const EXCHANGE_PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex')
/** Verified keys that stay parsed: a group has a few dozen. */
const KEYS_CACHED_MAX = 256

export function createNativeCrypto(): Crypto {
  const keys = new Map<string, KeyObject>()
  return {
    blake3,
    hasher: blake3Hasher,
    verify: (publicKey, message, signature) => verify(null, message, publicKeyObject(publicKey, keys), signature),
  }
}

function publicKeyObject(publicKey: Uint8Array, keys: Map<string, KeyObject>): KeyObject {
  const name = Buffer.from(publicKey).toString('base64')
  const known = keys.get(name)
  if (known !== undefined) return known
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' })
  if (keys.size >= KEYS_CACHED_MAX) keys.clear()
  keys.set(name, key)
  return key
}

/** A signer from an Ed25519 seed of 32 bytes. */
export function createSigner(seed: Uint8Array): Signer {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-KEY_BYTES))
  return { device: deviceIdOf(publicKey), publicKey, sign: (message) => sign(null, message, key) }
}

/** A new Ed25519 seed of 32 bytes. */
export function generateSeed(): Uint8Array {
  const { privateKey } = generateKeyPairSync('ed25519')
  return new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-KEY_BYTES))
}

/** The X25519 public key of a secret of 32 bytes, as `exchangeKeyOf` gives it. */
export function nativeExchangeKeyOf(secret: Uint8Array): Uint8Array {
  const key = createPrivateKey({ key: Buffer.concat([EXCHANGE_PKCS8_PREFIX, secret]), format: 'der', type: 'pkcs8' })
  return new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-KEY_BYTES))
}

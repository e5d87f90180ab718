/** The device's key in the form that libp2p takes. */

import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey, PeerId } from '@libp2p/interface'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { KEY_BYTES } from '../../protocol/limits.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { parseDeviceId } from '../../protocol/ids.ts'

/** DER of an Ed25519 private key up to its 32 bytes (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The libp2p key of an Ed25519 seed of 32 bytes. Its peer id is the device id that `createSigner` gives for the same seed. */
export function peerKeyOf(seed: Uint8Array): Ed25519PrivateKey {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  const pair = privateKeyFromRaw(Buffer.concat([seed, spki.subarray(-KEY_BYTES)]))
  if (pair.type !== 'Ed25519') throw new TypeError('a device key is an Ed25519 key')
  return pair
}

/** The device of a peer id that a handshake proved. @throws ProtocolError `bad-field`: not an Ed25519 key. */
export function deviceOf(peer: PeerId): DeviceId {
  return parseDeviceId(peer.toString())
}

/** This device's secret keys, in one state file: an Ed25519 seed that signs, and an X25519 seed that others seal to. */

import { randomBytes } from 'node:crypto'
import { KEY_BYTES } from '../protocol/limits.ts'
import type { Signer } from '../protocol/crypto.ts'
import { createSigner, generateSeed, nativeExchangeKeyOf } from './native-crypto.ts'
import type { StateFiles } from './ports.ts'

const FILE = 'identity'

export interface Identity {
  /** Ed25519 seed, 32 bytes. Secret. */
  readonly seed: Uint8Array
  readonly signer: Signer
  /** X25519 public key, 32 bytes. */
  readonly exchangeKey: Uint8Array
}

/** The identity of this home; a first start makes one. @throws Error when the file is damaged. */
export async function loadIdentity(state: StateFiles): Promise<Identity> {
  const bytes = await state.read(FILE)
  if (bytes === undefined) return renewIdentity(state)
  if (bytes.length !== 2 * KEY_BYTES) {
    throw new Error(
      'the identity file of this device is damaged. Restore it from a backup, or move HOLT_HOME away and pair this device anew.',
    )
  }
  return toIdentity(bytes)
}

/** A new identity in place of the old one: after leaving a group, since a removed key is never added again. */
export async function renewIdentity(state: StateFiles): Promise<Identity> {
  const bytes = new Uint8Array(2 * KEY_BYTES)
  bytes.set(generateSeed())
  bytes.set(randomBytes(KEY_BYTES), KEY_BYTES)
  await state.write(FILE, bytes)
  return toIdentity(bytes)
}

function toIdentity(bytes: Uint8Array): Identity {
  const seed = bytes.slice(0, KEY_BYTES)
  return { seed, signer: createSigner(seed), exchangeKey: nativeExchangeKeyOf(bytes.slice(KEY_BYTES)) }
}

/**
 * Recovery words: twelve words of BIP-39 (128 bits and its checksum) that stand for a key senior to every device of a group.
 * From the BIP-39 seed (no passphrase) HKDF-SHA512 makes the Ed25519 seed (info `holt/recovery/ed25519/1`) and the X25519
 * secret (info `holt/recovery/x25519/1`), 32 bytes each, without salt.
 */

import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { entropyToMnemonic, mnemonicToSeedSync } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import type { DeviceId } from './ids.ts'
import { deviceIdOf } from './ids.ts'
import { KEY_BYTES } from './limits.ts'

export const RECOVERY_ENTROPY_BYTES = 16

export interface Recovery {
  /** Twelve words, joined by spaces. Secret. */
  readonly words: string
  /** The author of operations that are signed with the words. */
  readonly device: DeviceId
  /** X25519, 32 bytes. */
  readonly exchangeKey: Uint8Array
}

/** New words from 16 unpredictable bytes. Takes some 50 ms: the words are stretched. */
export function createRecovery(entropy: Uint8Array): Recovery {
  const words = entropyToMnemonic(entropy, wordlist)
  const seed = mnemonicToSeedSync(words)
  const derived = (purpose: string): Uint8Array =>
    hkdf(sha512, seed, undefined, new TextEncoder().encode(`holt/recovery/${purpose}/1`), KEY_BYTES)
  return {
    words,
    device: deviceIdOf(ed25519.getPublicKey(derived('ed25519'))),
    exchangeKey: exchangeKeyOf(derived('x25519')),
  }
}

/** The X25519 public key (32 bytes) of a device's second seed: what others seal keys to. */
export function exchangeKeyOf(seed: Uint8Array): Uint8Array {
  return x25519.getPublicKey(seed)
}

/**
 * Recovery words: twelve words of BIP-39 (128 bits and its checksum) that stand for a key senior to every device of a group.
 * From the BIP-39 seed (no passphrase) HKDF-SHA512 makes the Ed25519 seed (info `holt/recovery/ed25519/1`) and the X25519
 * secret (info `holt/recovery/x25519/1`), 32 bytes each, without salt.
 */

import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { entropyToMnemonic, mnemonicToSeedSync, validateMnemonic } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import type { DeviceId } from './ids.ts'
import { deviceIdOf } from './ids.ts'
import { KEY_BYTES, RECOVERY_TEXT_CHARACTERS_MAX } from './limits.ts'
import { findWord, nearestWord } from './word-list.ts'

export const RECOVERY_ENTROPY_BYTES = 16
export const RECOVERY_WORDS = 12

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
  const { signingSeed, exchangeSecret } = deriveRecovery(words)
  return {
    words,
    device: deviceIdOf(ed25519.getPublicKey(signingSeed)),
    exchangeKey: exchangeKeyOf(exchangeSecret),
  }
}

/** What the words stand for, 32 bytes each. Secret. Takes some 50 ms. @param words as `parseRecoveryWords` gives them */
export function deriveRecovery(words: string): {
  readonly signingSeed: Uint8Array
  readonly exchangeSecret: Uint8Array
} {
  const seed = mnemonicToSeedSync(words)
  const derived = (purpose: string): Uint8Array =>
    hkdf(sha512, seed, undefined, new TextEncoder().encode(`holt/recovery/${purpose}/1`), KEY_BYTES)
  return { signingSeed: derived('ed25519'), exchangeSecret: derived('x25519') }
}

export type ParsedRecovery =
  | { readonly kind: 'words'; readonly words: string }
  /** `message` is a sentence for the person who typed them. It repeats no word that is right. */
  | { readonly kind: 'not-words'; readonly message: string; /** More may follow. */ readonly isShort: boolean }

/** What a person typed: any case, any separators, numbers of the words among them; words may be cut to four letters. */
export function parseRecoveryWords(text: string): ParsedRecovery {
  const typed = text
    .slice(0, RECOVERY_TEXT_CHARACTERS_MAX)
    .normalize('NFKC')
    .toLowerCase()
    .split(/[\s\p{P}\d]+/u)
    .filter((part) => part !== '')
  if (typed.length !== RECOVERY_WORDS) {
    const count = typed.length === 1 ? 'This is one word' : `These are ${typed.length} words`
    const message = `${count}; the recovery words of a group are ${RECOVERY_WORDS}.`
    return { kind: 'not-words', message, isShort: typed.length < RECOVERY_WORDS }
  }
  const words: string[] = []
  for (const [i, part] of typed.entries()) {
    const word = findWord(part)
    if (word === undefined)
      return notWords(`Word ${i + 1}, "${part}", is none of the list. Did you mean "${nearestWord(part)}"?`)
    words.push(word)
  }
  const joined = words.join(' ')
  if (validateMnemonic(joined, wordlist)) return { kind: 'words', words: joined }
  return notWords('These words do not belong together: one of them is mistyped, or they are in another order.')
}

function notWords(message: string): ParsedRecovery {
  return { kind: 'not-words', message, isShort: false }
}

/** The X25519 public key (32 bytes) of a device's second seed: what others seal keys to. */
export function exchangeKeyOf(seed: Uint8Array): Uint8Array {
  return x25519.getPublicKey(seed)
}

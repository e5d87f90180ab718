/**
 * Pairing codes: `7-soldier-wet-jelly`, a public nameplate (1 to 99) and three words of the English BIP-39 list.
 *
 * The words carry 33 bits, 11 each, the first word the highest: 27 secret bits, then 6 checksum bits. The checksum is the
 * upper 6 bits of the first byte of BLAKE3("holt/code/1\0" || nameplate as one byte || the secret bits as four bytes,
 * big-endian). It covers the nameplate, so a mistyped one is caught as well; being computed from the secret it adds nothing
 * to guess. The password of the key exchange is the three whole words, lower case, joined by `-`, in UTF-8.
 */

import { blake3 } from '@noble/hashes/blake3.js'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { findWord, nearestWord } from './word-list.ts'

export const NAMEPLATE_MAX = 99

export interface PairingCode {
  /** Public: discovery announces it. 1 to 99. */
  readonly nameplate: number
  readonly words: readonly [string, string, string]
}

export type ParsedCode =
  | { readonly kind: 'code'; readonly code: PairingCode }
  /** `message` is a sentence for the person who typed it; `nearest` the word that was probably meant. */
  | { readonly kind: 'not-a-code'; readonly message: string; readonly nearest: string | null }

const WORD_BITS = 11
const WORD_MASK = (1 << WORD_BITS) - 1
const CHECKSUM_BITS = 6
const CHECKSUM_MASK = (1 << CHECKSUM_BITS) - 1
const SECRET_BITS = 27
/** The largest multiple of 99 that fits a byte: below it, the remainder favours no nameplate. */
const FAIR_BYTES = 198
const SHAPE = 'A code is a number and three words, such as 7-soldier-wet-jelly.'

const encoder = new TextEncoder()
const CHECKSUM_DOMAIN = encoder.encode('holt/code/1\0')

/** @param random A source of unpredictable bytes, asked for a few at a time. */
export function createCode(random: (length: number) => Uint8Array): PairingCode {
  const secret = new DataView(Uint8Array.from(random(4)).buffer).getUint32(0) >>> (32 - SECRET_BITS)
  return codeOf(drawNameplate(random), secret)
}

/** As it is shown and as it may be typed. */
export function formatCode(code: PairingCode): string {
  return `${code.nameplate}-${code.words.join('-')}`
}

/** `PRS` of the key exchange. */
export function passwordOf(code: PairingCode): Uint8Array {
  return encoder.encode(code.words.join('-'))
}

/** What a person typed: whole words or any first four letters of them, any case, spaces or dashes between. */
export function parseCode(text: string): ParsedCode {
  const parts = text
    .normalize('NFKC')
    .toLowerCase()
    .split(/[\s\p{Pd}]+/u)
    .filter((part) => part !== '')
  const [number, ...typed] = parts
  if (number === undefined || typed.length !== 3) return notACode(SHAPE)
  const nameplate = /^[0-9]{1,2}$/.test(number) ? Number(number) : 0
  if (nameplate === 0) return notACode(`"${number}" is no number from 1 to ${NAMEPLATE_MAX}. ${SHAPE}`)
  const words: string[] = []
  for (const part of typed) {
    const word = findWord(part)
    if (word === undefined) return unknownWord(part)
    words.push(word)
  }
  return checkWords(nameplate, words)
}

function checkWords(nameplate: number, words: readonly string[]): ParsedCode {
  const bits = words.reduce((sum, word) => sum * (WORD_MASK + 1) + wordlist.indexOf(word), 0)
  const secret = Math.floor(bits / (CHECKSUM_MASK + 1))
  const code = codeOf(nameplate, secret)
  if (code.words.join() === words.join()) return { kind: 'code', code }
  return notACode(
    'These words do not belong together: one of them, or the number, is mistyped. Compare it with the other screen.',
  )
}

function codeOf(nameplate: number, secret: number): PairingCode {
  const bits = BigInt(secret) * BigInt(CHECKSUM_MASK + 1) + BigInt(checksum(nameplate, secret))
  const wordAt = (place: number): string => wordlist[Number(bits >> BigInt(place * WORD_BITS)) & WORD_MASK] ?? ''
  return { nameplate, words: [wordAt(2), wordAt(1), wordAt(0)] }
}

function checksum(nameplate: number, secret: number): number {
  const input = new Uint8Array(CHECKSUM_DOMAIN.length + 5)
  input.set(CHECKSUM_DOMAIN)
  const view = new DataView(input.buffer, CHECKSUM_DOMAIN.length)
  view.setUint8(0, nameplate)
  view.setUint32(1, secret)
  return (blake3(input)[0] ?? 0) >>> (8 - CHECKSUM_BITS)
}

function drawNameplate(random: (length: number) => Uint8Array): number {
  for (;;) {
    const byte = random(1)[0] ?? 0
    if (byte < FAIR_BYTES) return (byte % NAMEPLATE_MAX) + 1
  }
}

function unknownWord(typed: string): ParsedCode {
  const nearest = nearestWord(typed)
  return { kind: 'not-a-code', message: `"${typed}" is not a word of a code. Did you mean "${nearest}"?`, nearest }
}

function notACode(message: string): ParsedCode {
  return { kind: 'not-a-code', message, nearest: null }
}

/**
 * Canonical CBOR (RFC 8949, section 4.2.1), narrowed to arrays of unsigned integers, byte strings, text, booleans and
 * null. The only file where bytes become values: anything that `encode` would not have written is refused.
 */

import { Tokenizer, decode as decodeCbor, decodeFirst, encode as encodeCbor } from 'cborg'
import type { Token } from 'cborg'
import { ProtocolError } from './errors.ts'
import { CBOR_DEPTH_MAX } from './limits.ts'

export type Value = number | string | boolean | null | Uint8Array | readonly Value[]

const MAJOR_UINT = 0
const MAJOR_BYTES = 2
const MAJOR_TEXT = 3
const MAJOR_ARRAY = 4
const FALSE = 0xf4
const TRUE = 0xf5
const NULL = 0xf6
/** The additional information of an item of indefinite length. */
const INDEFINITE = 31

const DECODE_OPTIONS = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowBigInt: false,
  allowNaN: false,
  allowInfinity: false,
}
const textEncoder = new TextEncoder()
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** What stands in a text where bytes were no UTF-8. */
const REPLACEMENT = '\ufffd'

/** Refuses every kind of item that Holt does not use before the library looks at it. */
class StrictTokenizer extends Tokenizer {
  override next(): Token {
    const first = this.data[this.pos()] ?? NULL
    const major = first >>> 5
    const isAllowed =
      major === MAJOR_UINT || major === MAJOR_BYTES || major === MAJOR_TEXT || major === MAJOR_ARRAY
        ? (first & 31) !== INDEFINITE
        : first === FALSE || first === TRUE || first === NULL
    if (!isAllowed) throw new ProtocolError('not-canonical', `an item of kind 0x${first.toString(16)} is not used here`)
    const start = this.pos()
    const token = super.next() as Token & { value: unknown }
    if (major === MAJOR_TEXT) token.value = exactText(String(token.value), this.data.subarray(start, this.pos()))
    return token
  }
}

/** The library replaces what is no UTF-8 and drops a byte order mark: such text would not be written again as the same bytes. */
function exactText(text: string, item: Uint8Array): string {
  const isAscii = item.length === headerBytes(text.length) + text.length && !text.includes(REPLACEMENT)
  if (isAscii) return text
  const info = (item[0] ?? 0) & 31
  return strictUtf8.decode(item.subarray(info < 24 ? 1 : 1 + (1 << (info - 24))))
}

function headerBytes(length: number): number {
  if (length < 24) return 1
  if (length < 0x100) return 2
  return length < 0x1_0000 ? 3 : 5
}

/** @throws ProtocolError `not-canonical` or `too-large`; never another error, whatever the bytes. */
export function decode(bytes: Uint8Array): Value {
  return checked(() => {
    const tokenizer = new StrictTokenizer(bytes, DECODE_OPTIONS)
    return decodeCbor(bytes, { ...DECODE_OPTIONS, tokenizer })
  })
}

/**
 * The value at the start of a frame, and the raw bytes behind it: for frames that carry bulk bytes, which are neither
 * looked at nor copied. `body` is a view of `frame`.
 *
 * @throws ProtocolError `not-canonical` or `too-large`; never another error, whatever the bytes.
 */
export function decodeHeader(frame: Uint8Array): { readonly header: Value; readonly body: Uint8Array } {
  let body = frame
  const header = checked(() => {
    const tokenizer = new StrictTokenizer(frame, DECODE_OPTIONS)
    const decoded: readonly unknown[] = decodeFirst(frame, { ...DECODE_OPTIONS, tokenizer })
    body = frame.subarray(tokenizer.pos())
    return decoded[0]
  })
  return { header, body }
}

function checked(read: () => unknown): Value {
  try {
    const value = read()
    checkDepth(value, 0)
    return value as Value
  } catch (cause) {
    if (cause instanceof ProtocolError) throw cause
    throw new ProtocolError('not-canonical', 'bytes are not canonical CBOR', { cause })
  }
}

function checkDepth(value: unknown, depth: number): void {
  if (!Array.isArray(value)) return
  if (depth >= CBOR_DEPTH_MAX) throw new ProtocolError('too-large', `arrays are nested deeper than ${CBOR_DEPTH_MAX}`)
  for (const item of value) checkDepth(item, depth + 1)
}

/** The one encoding of a value. Numbers must be safe unsigned integers. */
export function encode(value: Value): Uint8Array {
  checkEncodable(value)
  return encodeCbor(value)
}

function checkEncodable(value: Value): void {
  if (typeof value === 'number' && !(Number.isSafeInteger(value) && value >= 0)) {
    throw new RangeError(`${value} is no unsigned integer`)
  }
  if (Array.isArray(value)) for (const item of value as readonly Value[]) checkEncodable(item)
}

// ---- Fields: each takes what was decoded, and the name of the field for the error.

/** @throws ProtocolError `bad-field` unless an array of `length` items (of any length when it is left out). */
export function asArray(value: Value | undefined, what: string, length?: number): readonly Value[] {
  if (!Array.isArray(value)) throw new ProtocolError('bad-field', `${what} is an array`)
  const items = value as readonly Value[]
  if (length !== undefined && items.length !== length) {
    throw new ProtocolError('bad-field', `${what} has ${length} items, not ${items.length}`)
  }
  return items
}

/** @throws ProtocolError `too-large` when there are more than `max` items, `bad-field` when it is no array. */
export function asList(value: Value | undefined, what: string, max: number): readonly Value[] {
  const items = asArray(value, what)
  if (items.length > max) throw new ProtocolError('too-large', `${what} has more than ${max} items`)
  return items
}

/** @throws ProtocolError `bad-field` unless an unsigned integer of at most `max`. */
export function asUint(value: Value | undefined, what: string, max: number = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new ProtocolError('bad-field', `${what} is an unsigned integer`)
  }
  if (value > max) throw new ProtocolError('bad-field', `${what} is at most ${max}`)
  return value
}

/** @throws ProtocolError `bad-field` unless bytes, of `length` where one is given. */
export function asBytes(value: Value | undefined, what: string, length?: number): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new ProtocolError('bad-field', `${what} is a byte string`)
  if (length !== undefined && value.length !== length)
    throw new ProtocolError('bad-field', `${what} has ${length} bytes`)
  return value
}

/** @throws ProtocolError `bad-field` unless text of at most `maxBytes` bytes of UTF-8. */
export function asText(value: Value | undefined, what: string, maxBytes: number): string {
  if (typeof value !== 'string') throw new ProtocolError('bad-field', `${what} is text`)
  if (value.length > maxBytes || textEncoder.encode(value).length > maxBytes) {
    throw new ProtocolError('too-large', `${what} has more than ${maxBytes} bytes`)
  }
  return value
}

/** @throws ProtocolError `bad-field` */
export function asBool(value: Value | undefined, what: string): boolean {
  if (typeof value !== 'boolean') throw new ProtocolError('bad-field', `${what} is true or false`)
  return value
}

/** Null stays null; anything else goes to the parser. */
export function asNullable<T>(value: Value | undefined, parse: (value: Value) => T): T | null {
  if (value === undefined) throw new ProtocolError('bad-field', 'a field is missing')
  return value === null ? null : parse(value)
}

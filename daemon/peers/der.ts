/** Values in DER (ITU-T X.690 §10): one definite length, as short as it goes. Written for certificates, and read from those of others. */

export const DER = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  sequence: 0x30,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const

/** Context-specific and constructed: `[n]`. */
export const derContext = (n: number): number => 0xa0 + n

const SHORT_LENGTHS = 0x80
/** A length in so many bytes is more than a handshake carries. */
const LENGTH_BYTES_MAX = 2

export interface DerValue {
  readonly tag: number
  readonly content: Uint8Array
  /** With its tag and length. */
  readonly whole: Uint8Array
}

/** One value: tag, length, content of at most 65,535 bytes. */
export function encodeDer(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  if (content.length < SHORT_LENGTHS) return Buffer.concat([Buffer.of(tag, content.length), content])
  if (content.length < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, content.length), content])
  return Buffer.concat([Buffer.of(tag, 0x82, content.length >> 8, content.length & 0xff), content])
}

/** The values that lie one behind the other. @throws RangeError where they do not fill the bytes, or a length is none of DER */
export function readDer(bytes: Uint8Array): DerValue[] {
  const values: DerValue[] = []
  for (let at = 0; at < bytes.length;) {
    const { start, end } = extentOf(bytes, at)
    values.push({ tag: bytes[at] ?? 0, content: bytes.subarray(start, end), whole: bytes.subarray(at, end) })
    at = end
  }
  return values
}

function extentOf(bytes: Uint8Array, at: number): { start: number; end: number } {
  const first = bytes[at + 1]
  if (first === undefined) throw new RangeError('a value has no length')
  const count = first < SHORT_LENGTHS ? 0 : first - SHORT_LENGTHS
  const start = at + 2 + count
  if ((first >= SHORT_LENGTHS && count === 0) || count > LENGTH_BYTES_MAX)
    throw new RangeError('a length is none of DER')
  const length = count === 0 ? first : bytes.subarray(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0)
  const isShortest = count === 0 || (count === 1 ? length >= SHORT_LENGTHS : length >= 0x100)
  if (!isShortest || start + length > bytes.length) throw new RangeError('a length is wrong')
  return { start, end: start + length }
}

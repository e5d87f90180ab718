/** A JPEG as a camera writes it (JFIF and EXIF 2.3, baseline): true headers around a scan of random bytes. */

import { Buffer } from 'node:buffer'
import type { Bytes } from './seeded-bytes.ts'
import { MIB } from './seeded-bytes.ts'

const WIDTH = 4000
const HEIGHT = 3000
const MARKER = { start: 0xd8, exif: 0xe1, quantisation: 0xdb, frame: 0xc0, huffman: 0xc4, scan: 0xda, end: 0xd9 }

/** @param takenAt as EXIF says it, `2024:05:01 12:00:00` */
export function* makeJpeg(length: number, bytes: Bytes, takenAt: string): Generator<Buffer> {
  const head = Buffer.concat([
    marker(MARKER.start),
    segment(MARKER.exif, exif(takenAt)),
    segment(MARKER.quantisation, Buffer.concat([Buffer.from([0]), Buffer.alloc(64, 16)])),
    segment(MARKER.frame, frame()),
    segment(MARKER.huffman, huffman(0x00)),
    segment(MARKER.huffman, huffman(0x10)),
    segment(MARKER.scan, Buffer.from([1, 1, 0x00, 0, 63, 0])),
  ])
  yield head
  const end = marker(MARKER.end)
  for (let left = length - head.length - end.length; left > 0; left -= MIB) yield scan(bytes(Math.min(MIB, left)))
  yield end
}

function marker(code: number): Buffer {
  return Buffer.from([0xff, code])
}

function segment(code: number, body: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(body.length + 2)
  return Buffer.concat([marker(code), length, body])
}

/** One component of 8 bits: a grey picture. */
function frame(): Buffer {
  const body = Buffer.from([8, 0, 0, 0, 0, 1, 1, 0x11, 0])
  body.writeUInt16BE(HEIGHT, 1)
  body.writeUInt16BE(WIDTH, 3)
  return body
}

/** A table with one code of each of two lengths. */
function huffman(idOfTable: number): Buffer {
  return Buffer.from([idOfTable, 1, 1, ...Array<number>(14).fill(0), 0, 1])
}

/** In a scan, 0xFF begins a marker. */
function scan(bytes: Buffer): Buffer {
  for (let at = bytes.indexOf(0xff); at >= 0; at = bytes.indexOf(0xff, at + 1)) bytes[at] = 0xfe
  return bytes
}

/** TIFF in big endian: make, model, orientation and time. */
function exif(takenAt: string): Buffer {
  const texts: readonly (readonly [number, string])[] = [
    [0x010f, 'Holt'],
    [0x0110, 'Bench camera'],
    [0x0132, takenAt],
  ]
  const entries = texts.length + 1
  const directory = Buffer.alloc(2 + entries * 12 + 4)
  directory.writeUInt16BE(entries, 0)
  const values: Buffer[] = []
  let valueAt = 8 + directory.length
  for (const [i, [tag, text]] of texts.entries()) {
    const value = Buffer.from(`${text}\0`.padEnd(6, '\0'), 'latin1')
    writeEntry(directory, 2 + i * 12, { tag, type: 2, count: value.length, value: valueAt })
    values.push(value)
    valueAt += value.length
  }
  writeEntry(directory, 2 + texts.length * 12, { tag: 0x0112, type: 3, count: 1, value: 1 << 16 })
  return Buffer.concat([Buffer.from('Exif\0\0MM\0*\0\0\0\x08', 'latin1'), directory, ...values])
}

interface TiffEntry {
  readonly tag: number
  readonly type: number
  readonly count: number
  readonly value: number
}

function writeEntry(directory: Buffer, at: number, { tag, type, count, value }: TiffEntry): void {
  directory.writeUInt16BE(tag, at)
  directory.writeUInt16BE(type, at + 2)
  directory.writeUInt32BE(count, at + 4)
  directory.writeUInt32BE(value, at + 8)
}

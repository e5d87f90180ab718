/**
 * A check value behind each blob of the catalogue. SQLite checks no page: one flipped bit inside a row would be read as a wrong
 * hash or time, and published. With it every blob that is read is the one that was written, or the catalogue is damaged.
 */

import { crc32 } from 'node:zlib'
import { CatalogueError } from './catalogue-error.ts'

const CHECK_BYTES = 4

/** What other columns of the row hold, and is checked with the blob. */
export type Beside = readonly (Uint8Array | string | number | null)[]

export function sealed(blob: Uint8Array, beside: Beside = []): Uint8Array {
  const bytes = new Uint8Array(blob.length + CHECK_BYTES)
  bytes.set(blob)
  new DataView(bytes.buffer).setUint32(blob.length, checkOf(blob, beside))
  return bytes
}

/** @throws CatalogueError `corrupt` */
export function unsealed(column: unknown, beside: Beside = []): Uint8Array {
  if (!(column instanceof Uint8Array) || column.length < CHECK_BYTES) throw damaged('a column is no sealed blob')
  const end = column.length - CHECK_BYTES
  const blob = column.subarray(0, end)
  const found = new DataView(column.buffer, column.byteOffset + end, CHECK_BYTES).getUint32(0)
  if (found !== checkOf(blob, beside)) throw damaged('a blob is not what was written')
  return blob
}

/** Released with the second step of the schema, which seals what an older program wrote. */
function checkOf(blob: Uint8Array, beside: Beside): number {
  return beside.reduce<number>(
    (check, each) => crc32(each instanceof Uint8Array ? each : `\n${each ?? ''}`, check),
    crc32(blob),
  )
}

export function damaged(what: string, cause?: unknown): CatalogueError {
  return new CatalogueError('corrupt', `the catalogue is damaged: ${what}`, cause === undefined ? undefined : { cause })
}

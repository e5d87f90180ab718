/** Writing a chunk into a part. */

import { writeSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { withoutHoles } from './holes.ts'

/** What one call writes: asked for more at a time, systems look for as much memory in one piece, which may take longer than the copy. */
const WRITE_BYTES = 128 * 1024

interface Piece {
  readonly at: number
  readonly end: number
}

/** What of some bytes has to be written at a position, in order; zeros are left out where nothing was written before. */
export function piecesToWrite(bytes: Uint8Array, position: number, freshFrom: number): Piece[] {
  const parts = position >= freshFrom ? withoutHoles(bytes) : [{ at: 0, end: bytes.length }]
  const pieces: Piece[] = []
  for (const part of parts) {
    for (let { at } = part; at < part.end; at += WRITE_BYTES) {
      pieces.push({ at, end: Math.min(part.end, at + WRITE_BYTES) })
    }
  }
  return pieces
}

/** For a thread. */
export function writeChunk(fd: number, bytes: Uint8Array, position: number, freshFrom: number): void {
  for (const { at: start, end } of piecesToWrite(bytes, position, freshFrom)) {
    for (let at = start; at < end;) at += writeSync(fd, bytes, at, end - at, position + at)
  }
}

export async function writePieces(
  file: FileHandle,
  bytes: Uint8Array,
  position: number,
  pieces: readonly Piece[],
): Promise<void> {
  for (const { at: start, end } of pieces) {
    for (let at = start; at < end;) at += (await file.write(bytes, at, end - at, position + at)).bytesWritten
  }
}

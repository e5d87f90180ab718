/** Puts chunks of a part together from another file, with synchronous calls and one buffer: each byte read once. For a thread. */

import { closeSync, constants, openSync } from 'node:fs'
import { sameBytes } from '../../protocol/chunks.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import { blake3 } from '../blake3.ts'
import type { Assembled, Assembly, FileSource } from '../fine-port.ts'
import { memoryForReading } from '../read-memory.ts'
import type { JobOptions, ThreadJob } from '../threads-port.ts'
import { writeChunk } from './write-chunk.ts'

export interface AssembleJob extends ThreadJob<readonly Assembled[]> {
  readonly kind: 'assemble'
  readonly source: FileSource
  /** Absolute. Reaches to the end of the chunks already. */
  readonly part: string
  /** Where nothing was ever written to it. */
  readonly freshFrom: number
  readonly chunks: readonly ToAssemble[]
}
export interface ToAssemble extends Assembly {
  readonly sizeBytes: number
  readonly expected: Uint8Array
}

/** The other file. */
export interface Readable {
  isSame(): boolean
  /** Fills all of `bytes`; false where it cannot. */
  read(bytes: Uint8Array, position: number): boolean
}

const PART_FLAGS = constants.O_WRONLY | constants.O_NOFOLLOW
/** Nobody needs its content from one turn to the next. */
const buffer = memoryForReading(CHUNK_BYTES)

/** One outcome a chunk, in order. @param source undefined where it is not what it was */
export async function assembleChunks(
  { part, freshFrom, chunks }: AssembleJob,
  source: (Readable & Disposable) | undefined,
  o: JobOptions,
): Promise<Assembled[]> {
  if (source === undefined) return chunks.map(() => 'changed')
  using _ = source
  const fd = openSync(part, PART_FLAGS)
  try {
    const outcomes: Assembled[] = []
    for (const chunk of chunks) {
      if (outcomes.length > 0) await o.turn()
      outcomes.push(assembleChunk(fd, source, chunk, freshFrom))
    }
    return outcomes
  } finally {
    closeSync(fd)
  }
}

function assembleChunk(fd: number, source: Readable, chunk: ToAssemble, freshFrom: number): Assembled {
  const bytes = buffer.subarray(0, chunk.sizeBytes)
  for (const patch of chunk.patches) bytes.set(patch.bytes, patch.at)
  for (const { at, from, bytes: length } of chunk.copies) {
    if (!source.read(bytes.subarray(at, at + length), from)) return 'changed'
  }
  if (!sameBytes(blake3(bytes), chunk.expected)) return source.isSame() ? 'wrong' : 'changed'
  writeChunk(fd, bytes, chunk.chunkNo * CHUNK_BYTES, freshFrom)
  return 'written'
}

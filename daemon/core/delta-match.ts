/**
 * Finds the fine chunks of a new content among those of an old one, and says of each chunk of 1 MiB how it is put together. The
 * index of the old one holds a bounded number of pieces: of a very large base those around where the new one is being looked at.
 */

import type { BytesAt } from '../../protocol/blob-messages.ts'
import { chunkSize } from '../../protocol/chunks.ts'
import type { Fine } from '../../protocol/fine-cut.ts'
import { fineBytesMax, fineBytesMin } from '../../protocol/fine-cut.ts'
import type { Region } from '../../protocol/fine-cut.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import type { Copied } from '../fine-port.ts'

/** Pieces of the base that are known at a time: about 20 MB of memory, 16 GiB of a base that is cut at 64 KiB. */
export const INDEX_PIECES_MAX = 262_144

export class FineIndex {
  /** By key; the oldest first. */
  readonly #places = new Map<number, number>()
  readonly #piecesMax: number

  constructor(piecesMax = INDEX_PIECES_MAX) {
    this.#piecesMax = piecesMax
  }

  get size(): number {
    return this.#places.size
  }

  /** The oldest piece is forgotten where there are too many. */
  add({ key }: Fine, at: number): void {
    this.#places.delete(key)
    this.#places.set(key, at)
    if (this.#places.size <= this.#piecesMax) return
    for (const oldest of this.#places.keys()) {
      this.#places.delete(oldest)
      return
    }
  }

  /** Where a piece stands in the base. */
  find({ key }: Fine): number | undefined {
    return this.#places.get(key)
  }
}

/** How a chunk is put together. Copies and gaps are ascending, and cover it together. */
export interface Recipe {
  readonly chunkNo: number
  readonly copies: readonly Copied[]
  /** Offsets in the blob. */
  readonly gaps: readonly BytesAt[]
}

/** The bytes that a recipe lacks. */
export function gapBytes({ gaps }: Recipe): number {
  return gaps.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** Where the base goes on, if what a chunk takes from it reaches to the chunk's end. */
export function goesOnAt({ chunkNo, copies }: Recipe, sizeBytes: number): number | undefined {
  const last = copies.at(-1)
  return last !== undefined && last.at + last.bytes === chunkSize(sizeBytes, chunkNo)
    ? last.from + last.bytes
    : undefined
}

interface OpenRecipe {
  readonly chunkNo: number
  readonly copies: { at: number; from: number; bytes: number }[]
  readonly gaps: { start: number; bytes: number }[]
}

/** Takes the pieces of some regions in order. Regions begin and end with chunks. */
export class Matcher {
  readonly #sizeBytes: number
  readonly #averageBits: number
  readonly #regions: Region[]
  #at: number
  #open: OpenRecipe | undefined
  matchedBytes = 0

  /** @param regions ascending, at least one */
  constructor(sizeBytes: number, averageBits: number, regions: readonly Region[]) {
    this.#sizeBytes = sizeBytes
    this.#averageBits = averageBits
    this.#regions = [...regions]
    this.#at = regions[0]?.start ?? 0
  }

  get isDone(): boolean {
    return this.#regions.length === 0
  }

  /**
   * Takes the next piece and where the base has it, if it does; returns the chunks that are complete by it.
   *
   * @throws ProtocolError `bad-field` when it is no piece of the region: shorter or longer than any
   */
  take({ bytes }: Pick<Fine, 'bytes'>, place: number | undefined): Recipe[] {
    const [region] = this.#regions
    const end = this.#at + bytes
    const isFit = region !== undefined && bytes > 0 && bytes <= fineBytesMax(this.#averageBits) && end <= region.end
    if (!isFit || (bytes < fineBytesMin(this.#averageBits) && end < region.end)) {
      throw new ProtocolError('bad-field', 'fine chunks that are none of what was asked for')
    }
    if (place !== undefined) this.matchedBytes += bytes
    const done: Recipe[] = []
    for (let taken = 0; taken < bytes;) {
      const recipe = this.#recipe()
      const chunkStart = recipe.chunkNo * CHUNK_BYTES
      const chunkEnd = chunkStart + chunkSize(this.#sizeBytes, recipe.chunkNo)
      const part = Math.min(bytes - taken, chunkEnd - this.#at)
      if (place === undefined) addGap(recipe, this.#at, part)
      else addCopy(recipe, this.#at - chunkStart, place + taken, part)
      taken += part
      this.#at += part
      if (this.#at < chunkEnd) continue
      done.push(recipe)
      this.#open = undefined
    }
    if (end === region.end) {
      this.#regions.shift()
      this.#at = this.#regions[0]?.start ?? end
    }
    return done
  }

  #recipe(): OpenRecipe {
    this.#open ??= { chunkNo: Math.floor(this.#at / CHUNK_BYTES), copies: [], gaps: [] }
    return this.#open
  }
}

function addGap({ gaps }: OpenRecipe, start: number, bytes: number): void {
  const last = gaps.at(-1)
  if (last !== undefined && last.start + last.bytes === start) last.bytes += bytes
  else gaps.push({ start, bytes })
}

function addCopy({ copies }: OpenRecipe, at: number, from: number, bytes: number): void {
  const last = copies.at(-1)
  if (last !== undefined && last.at + last.bytes === at && last.from + last.bytes === from) last.bytes += bytes
  else copies.push({ at, from, bytes })
}

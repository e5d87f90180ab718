/**
 * What an older content of a file is good for when a newer one is pulled. Chunks of 1 MiB that both have are copied; what is left
 * of the new one is looked for in what is left of the old one by fine chunks. So an edit in place cuts a few MiB, an insert all
 * that comes after it.
 */

import type { BlobRef, ChunkList } from '../../protocol/chunks.ts'
import { chunkHash, chunkSize, sameBytes } from '../../protocol/chunks.ts'
import type { Region } from '../../protocol/fine-cut.ts'
import { CHUNK_BYTES, HASH_BYTES } from '../../protocol/limits.ts'

const MIB = 1024 * 1024
/** Where less than this share of what is missing could come from the base, it is not looked for by fine chunks. */
const BASE_SHARE_MIN = 1 / 16
/** So much is missing at most for 4 KiB pieces, and for 16 KiB ones: a list has about 300 KiB at most until a region has some GiB. */
const TINY_BYTES_MAX = 128 * MIB
const SMALL_BYTES_MAX = 512 * MIB

export interface DeltaPlan {
  /** Missing chunks that stand in the base as they are, by number: where. */
  readonly copies: ReadonlyMap<number, number>
  /** What is looked for by fine chunks: runs of missing chunks, ascending. Empty where that is not worth it. */
  readonly regions: readonly Region[]
  /** Where it is looked for: what of the base no chunk of the new content is, ascending. */
  readonly baseRegions: readonly Region[]
  readonly averageBits: number
}

export interface PlanInput {
  readonly blob: BlobRef
  readonly list: ChunkList
  /** Ascending. */
  readonly missing: readonly number[]
  readonly baseBytes: number
  /** Undefined: not known, or of one chunk. */
  readonly baseList: ChunkList | undefined
}

export function planDelta({ blob, list, missing, baseBytes, baseList }: PlanInput): DeltaPlan {
  const places = placesOf(baseList)
  const copies = new Map<number, number>()
  const used = new Set<number>()
  for (let chunkNo = 0; chunkNo * CHUNK_BYTES < blob.sizeBytes; chunkNo++) {
    for (const place of find(chunkHash(list, chunkNo), chunkNo, places, baseList)) used.add(place)
  }
  const sought: number[] = []
  for (const chunkNo of missing) {
    const [place] = find(chunkHash(list, chunkNo), chunkNo, places, baseList)
    if (place !== undefined) copies.set(chunkNo, place * CHUNK_BYTES)
    else sought.push(chunkNo)
  }
  const baseRegions: { start: number; end: number }[] = []
  for (let place = 0; place * CHUNK_BYTES < baseBytes; place++) {
    if (!used.has(place)) extend(baseRegions, place * CHUNK_BYTES, chunkSize(baseBytes, place))
  }
  return { copies, ...planSearch(blob.sizeBytes, sought, baseRegions) }
}

/** How some chunks of a blob are looked for in a base. @param chunkNos ascending */
export function planSearch(
  sizeBytes: number,
  chunkNos: readonly number[],
  baseRegions: readonly Region[],
): Omit<DeltaPlan, 'copies'> {
  const regions: { start: number; end: number }[] = []
  for (const chunkNo of chunkNos) extend(regions, chunkNo * CHUNK_BYTES, chunkSize(sizeBytes, chunkNo))
  const isWorthIt = bytesOf(baseRegions) >= bytesOf(regions) * BASE_SHARE_MIN
  return { regions: isWorthIt ? regions : [], baseRegions, averageBits: averageBitsFor(bytesOf(regions)) }
}

/** What is left of some regions without one. Both ascending. */
export function without(regions: readonly Region[], { start, end }: Region): Region[] {
  return regions.flatMap((region) =>
    [
      { start: region.start, end: Math.min(region.end, start) },
      { start: Math.max(region.start, end), end: region.end },
    ].filter((part) => part.start < part.end),
  )
}

export function averageBitsFor(bytes: number): number {
  if (bytes <= TINY_BYTES_MAX) return 12
  return bytes <= SMALL_BYTES_MAX ? 14 : 16
}

export function bytesOf(regions: readonly Region[]): number {
  return regions.reduce((sum, { start, end }) => sum + end - start, 0)
}

function extend(regions: { start: number; end: number }[], start: number, bytes: number): void {
  const last = regions.at(-1)
  if (last?.end === start) last.end += bytes
  else regions.push({ start, end: start + bytes })
}

/** Where each chunk stands, by half of its hash. */
function placesOf(list: ChunkList | undefined): ReadonlyMap<number, number[]> {
  const places = new Map<number, number[]>()
  if (list === undefined) return places
  for (let place = 0; place * HASH_BYTES < list.hashes.length; place++) {
    const key = keyOf(chunkHash(list, place))
    const known = places.get(key)
    if (known === undefined) places.set(key, [place])
    else known.push(place)
  }
  return places
}

function keyOf(hash: Uint8Array): number {
  const view = new DataView(hash.buffer, hash.byteOffset, HASH_BYTES)
  return view.getUint32(0) * 2 ** 20 + (view.getUint32(4) >>> 12)
}

/** Places of the base that have a chunk; the one of the same number first. */
function find(
  hash: Uint8Array,
  chunkNo: number,
  places: ReadonlyMap<number, readonly number[]>,
  baseList: ChunkList | undefined,
): readonly number[] {
  if (baseList === undefined) return []
  const found = (places.get(keyOf(hash)) ?? []).filter((place) => sameBytes(chunkHash(baseList, place), hash))
  return found.includes(chunkNo) ? [chunkNo, ...found.filter((place) => place !== chunkNo)] : found
}

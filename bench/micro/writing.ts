/** What a receiver does: durable small blobs, a large one chunk by chunk, and blobs taken into place. */

import type { TreeChange } from '../../daemon/ports.ts'
import { chunkCount, chunkSize, toChunkList } from '../../protocol/chunks.ts'
import { blobHashOf } from '../../protocol/ids.ts'
import { CHUNK_BYTES, HASH_BYTES } from '../../protocol/limits.ts'
import { parseRelPath } from '../../protocol/path.ts'
import { MIB, createBytes } from '../sets/seeded-bytes.ts'
import type { MicroFolder } from './folder.ts'
import { crypto, openFolder } from './folder.ts'
import type { Micro } from './micro.ts'
import { NOT_STOPPED } from './micro.ts'

const SMALL_FILES = 2000
const SMALL_BYTES = 4096
const LARGE_BYTES = 256 * MIB
/** Blobs that are put at once. */
const PUTS = 64
const BATCH = 256

export const storeSmall: Micro = {
  unit: 'files',
  open: (directory) =>
    onFolder(directory, async ({ store }, round) => {
      const blobs = smallBlobs(round)
      await putAll(store, blobs)
      return blobs.length
    }),
}

export const storeLarge: Micro = {
  unit: 'MiB',
  open: (directory) => {
    const bytes = createBytes(1)(LARGE_BYTES)
    const chunkNos = Array.from({ length: chunkCount(LARGE_BYTES) }, (_, i) => i)
    const chunkOf = (no: number): Buffer =>
      bytes.subarray(no * CHUNK_BYTES, no * CHUNK_BYTES + chunkSize(LARGE_BYTES, no))
    const hashes = new Uint8Array(chunkNos.length * HASH_BYTES)
    for (const no of chunkNos) hashes.set(crypto.blake3(chunkOf(no)), no * HASH_BYTES)
    const chunks = toChunkList(hashes, crypto)
    const blob = { hash: blobHashOf(crypto.blake3(bytes)), sizeBytes: LARGE_BYTES, chunks: chunks.digest }
    return onFolder(directory, async ({ store }) => {
      await using incoming = await store.receive(blob, chunks, NOT_STOPPED)
      for (const no of chunkNos) await incoming.write(no, chunkOf(no))
      if ((await incoming.commit()) === 'wrong') throw new Error('the blob is not what it was')
      await store.delete(blob.hash)
      return LARGE_BYTES / MIB
    })
  },
}

export const place: Micro = {
  unit: 'files',
  open: (directory) =>
    onFolder(directory, async ({ store, tree }, round) => {
      const stored = await putAll(store, smallBlobs(round))
      const parent = parseRelPath(`r${round}`)
      const changes = stored.map(({ location }, i): TreeChange => ({
        ...{ kind: 'place', path: parseRelPath(`${parent}/f${i}`), source: location },
        ...{ mtimeMs: 1_700_000_000_000, executable: false, expect: null, keepAs: null },
      }))
      const label = { batch: `r${round}`, reasonOf: () => 'bench', hashOf: () => null }
      await tree.change([{ kind: 'make-directory', path: parent }], label, NOT_STOPPED)
      for (let at = 0; at < changes.length; at += BATCH) {
        const outcomes = await tree.change(changes.slice(at, at + BATCH), label, NOT_STOPPED)
        if (outcomes.some(({ kind }) => kind !== 'done')) throw new Error('a file was not placed')
      }
      return changes.length
    }),
}

async function onFolder(
  directory: string,
  work: (folder: MicroFolder, round: number) => Promise<number>,
): Promise<Awaited<ReturnType<Micro['open']>>> {
  const folder = await openFolder(directory)
  let round = 0
  return {
    round: () => work(folder, (round += 1)),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

function smallBlobs(round: number): Buffer[] {
  const bytes = createBytes(1000 + round)
  return Array.from({ length: SMALL_FILES }, () => bytes(SMALL_BYTES))
}

async function putAll(
  store: MicroFolder['store'],
  blobs: readonly Buffer[],
): Promise<Awaited<ReturnType<MicroFolder['store']['put']>>[]> {
  const stored = []
  for (let at = 0; at < blobs.length; at += PUTS) {
    const group = blobs.slice(at, at + PUTS)
    stored.push(
      ...(await Promise.all(group.map((bytes) => store.put(blobHashOf(crypto.blake3(bytes)), bytes, NOT_STOPPED)))),
    )
  }
  return stored
}

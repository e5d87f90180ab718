/** Small blobs go to the threads many at a time. */

import type { BlobHash } from '../../protocol/ids.ts'
import { Batches } from '../batches.ts'
import type { AbortOptions, BlobLocation, StoredBlob } from '../ports.ts'
import type { Threads } from '../threads-port.ts'
import { StoreError, toStoreError } from './store-error.ts'
import type { StoreRoom } from './store-room.ts'
import { wholePath } from './store-room.ts'
import type { WriteJob, Written } from './write-blobs.ts'

const BATCH_BLOBS_MAX = 256
const BATCH_BYTES_MAX = 2 * 1024 * 1024
/** What has been begun is done: it takes milliseconds. */
const NEVER = new AbortController().signal

export interface SmallBlob {
  readonly hash: BlobHash
  /** Nobody changes them before it is stored. */
  readonly bytes: Uint8Array
}

/** Stores one small blob. @throws StoreError; the signal's reason while it waits */
export type PutSmall = (blob: SmallBlob, o: AbortOptions) => Promise<StoredBlob>

export function createPutSmall(room: StoreRoom, threads: Threads): PutSmall {
  const batches = new Batches<SmallBlob, Written>({
    itemsMax: BATCH_BLOBS_MAX,
    weightMax: BATCH_BYTES_MAX,
    weigh: ({ bytes }) => bytes.length,
    parallel: 2,
    run: (batch) => write(room, threads, batch),
  })
  return async (blob, o) => {
    try {
      return toStored(room, blob, await batches.add(blob, o))
    } catch (cause) {
      throw toStoreError(cause, `blob ${blob.hash}`)
    }
  }
}

async function write(room: StoreRoom, threads: Threads, batch: readonly SmallBlob[]): Promise<readonly Written[]> {
  const all = new Uint8Array(batch.reduce((sum, { bytes }) => sum + bytes.length, 0))
  let at = 0
  for (const { bytes } of batch) {
    all.set(bytes, at)
    at += bytes.length
  }
  await room.free.take(all.length)
  const blobs = batch.map(({ hash, bytes }) => ({ hash, sizeBytes: bytes.length }))
  const job: WriteJob = { kind: 'write', directory: room.directory, blobs, bytes: all }
  return await threads.run(job, { signal: NEVER, transfer: [all.buffer], lane: room.directory })
}

/** @throws StoreError `wrong-hash`; system errors */
function toStored(room: StoreRoom, { hash, bytes }: SmallBlob, written: Written): StoredBlob {
  switch (written.kind) {
    case 'whole':
      return {
        hash,
        sizeBytes: bytes.length,
        location: wholePath(room, hash) as BlobLocation,
        identity: written.identity,
      }
    case 'wrong-hash':
      throw new StoreError('wrong-hash', `these bytes are not blob ${hash}`)
    case 'failed':
      throw Object.assign(new Error(written.message), { code: written.code, syscall: 'write' })
  }
}

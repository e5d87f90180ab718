/** The `BlobStore` port on a simulated disk: `<root>/.holt/incoming`, whole blobs by their hash, parts beside them. */

import type { BlobRef, ChunkList } from '../../protocol/chunks.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import type { BlobHash } from '../../protocol/ids.ts'
import { blobHashOf, parseBlobHash } from '../../protocol/ids.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import type { BlobStore, StoredBlob } from '../../daemon/ports.ts'
import { identityOf, locationOf } from './disk-names.ts'
import type { DiskCalls, SimDisk } from './disk.ts'
import { Errno, hasErrno } from './errno.ts'
import { receiveBlob } from './incoming.ts'
import type { Inode } from './inode.ts'
import type { Life } from './life.ts'
import { StoreError } from './store-error.ts'
import { incomingPath } from './tree-root.ts'
import type { Volume } from './volume.ts'

export interface SimStoreOptions {
  readonly disk: SimDisk
  readonly life: Life
  /** The folder's root: absolute, without a slash at its end. */
  readonly path: string
  readonly crypto: Crypto
}

/** Where a store keeps things, and by which calls. */
export interface StoreRoom {
  readonly calls: DiskCalls
  readonly directory: string
  readonly crypto: Crypto
}

const PART = '.part'

export const wholePath = (room: StoreRoom, hash: BlobHash): string => `${room.directory}/${hash}`
export const partPath = (room: StoreRoom, hash: BlobHash): string => `${room.directory}/${hash}${PART}`

export function openSimStore(o: SimStoreOptions): BlobStore {
  const room: StoreRoom = { calls: o.disk.callsOf(o.life), directory: incomingPath(o.path), crypto: o.crypto }
  return {
    stat: (hash) => room.calls.call('stat', wholePath(room, hash), (volume) => storedAt(volume, room, hash)),
    async put(hash, source, { signal }) {
      const content = await collect(source, signal)
      if (blobHashOf(room.crypto.blake3(content)) !== hash) {
        throw new StoreError('wrong-hash', `these bytes are not blob ${hash}`)
      }
      return keepWhole(room, hash, content)
    },
    receive: (blob: BlobRef, chunks: ChunkList | null, { signal }) => {
      signal.throwIfAborted()
      return receiveBlob(room, blob, chunks)
    },
    async *read(hash, { range, signal }) {
      const path = wholePath(room, hash)
      for (let start = range?.start ?? 0; ; start += CHUNK_BYTES) {
        signal.throwIfAborted()
        const piece = await room.calls.call('read', path, (volume) => {
          const inode = volume.find(path)
          if (inode === undefined) throw new StoreError('missing', `blob ${hash} is not in this store`)
          return inode.content.slice(start, Math.min(start + CHUNK_BYTES, range?.end ?? Infinity))
        })
        if (piece.length > 0) yield piece
        if (piece.length < CHUNK_BYTES) return
      }
    },
    async *list({ signal }) {
      const found = await room.calls.call('list', room.directory, (volume) =>
        volume.find(room.directory) === undefined ? [] : volume.list(room.directory),
      )
      for (const { name, inode } of found) {
        signal.throwIfAborted()
        const isWhole = !name.endsWith(PART)
        const hash = parseBlobHash(isWhole ? name : name.slice(0, -PART.length))
        yield { hash, sizeBytes: inode.sizeBytes, isWhole, mtimeMs: inode.mtimeMs }
      }
    },
    async delete(hash) {
      for (const path of [wholePath(room, hash), partPath(room, hash)]) {
        await room.calls.call('unlink', path, (volume) => {
          if (volume.find(path) !== undefined) volume.unlink(path)
        })
      }
    },
  }
}

export function storedAt(volume: Volume, room: StoreRoom, hash: BlobHash): StoredBlob | undefined {
  const path = wholePath(room, hash)
  const inode = volume.find(path)
  if (inode === undefined) return undefined
  return { hash, sizeBytes: inode.sizeBytes, location: locationOf(path), identity: identityOf(inode) }
}

/** Temp, sync, rename. */
async function keepWhole(room: StoreRoom, hash: BlobHash, content: Uint8Array): Promise<StoredBlob> {
  const part = partPath(room, hash)
  try {
    await writing(room, part, (volume) => {
      volume.replace(part, partInode(volume, room, hash), content)
    })
    return await finishPart(room, hash)
  } catch (cause) {
    await writing(room, part, (volume) => {
      if (volume.find(part) !== undefined) volume.unlink(part)
    })
    throw cause
  }
}

/** A part that holds exactly the blob becomes the blob. */
export async function finishPart(room: StoreRoom, hash: BlobHash): Promise<StoredBlob> {
  const [part, whole] = [partPath(room, hash), wholePath(room, hash)]
  await writing(room, part, (volume) => volume.syncFile(volume.get(part)))
  return writing(room, whole, (volume) => {
    volume.rename(part, whole)
    const stored = storedAt(volume, room, hash)
    if (stored === undefined) throw new Errno('ENOENT', whole)
    return stored
  })
}

export function partInode(volume: Volume, room: StoreRoom, hash: BlobHash): Inode {
  if (volume.find(room.directory) === undefined) volume.create(room.directory, 'directory')
  const part = partPath(room, hash)
  return volume.find(part) ?? volume.create(part, 'file')
}

/** A call that changes the store: a full disk has its own code. */
export async function writing<T>(room: StoreRoom, path: string, body: (volume: Volume) => T, bytes = 0): Promise<T> {
  try {
    return await room.calls.call('write', path, body, bytes)
  } catch (cause) {
    if (hasErrno(cause, 'ENOSPC')) throw new StoreError('no-space', `no space for ${path}`, { cause })
    if (cause instanceof Errno) throw new StoreError('io', `${path} could not be written`, { cause })
    throw cause
  }
}

async function collect(source: AsyncIterable<Uint8Array> | Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  signal.throwIfAborted()
  if (source instanceof Uint8Array) return source.slice()
  const pieces: Uint8Array[] = []
  for await (const piece of source) {
    signal.throwIfAborted()
    pieces.push(piece.slice())
  }
  return Buffer.concat(pieces)
}

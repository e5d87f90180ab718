/** The `BlobStore` port on a simulated disk: `<root>/.holt/incoming`, whole blobs by their hash, parts beside them. */

import type { Crypto } from '../../protocol/crypto.ts'
import type { BlobHash } from '../../protocol/ids.ts'
import { blobHashOf, parseBlobHash } from '../../protocol/ids.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import { StoreError } from '../../daemon/blobs/store-error.ts'
import type { AbortOptions, BlobStore, ByteRange, StoredBlob } from '../../daemon/ports.ts'
import type { SimDisk } from './disk.ts'
import { receiveBlob } from './incoming.ts'
import type { Life } from './life.ts'
import { finish, hashInName, kindOfName, partPath, storedAt, storing, temporaryPath, wholePath } from './store-room.ts'
import type { StoreRoom } from './store-room.ts'
import { incomingPath } from './tree-root.ts'
import type { Volume } from './volume.ts'

export interface SimStoreOptions {
  readonly disk: SimDisk
  readonly life: Life
  /** The folder's root: absolute, without a slash at its end. */
  readonly path: string
  readonly crypto: Crypto
}

/** Removes at once what a crash left: temporary files, blobs that were placed, and what is not what its name says. */
export function openSimStore(o: SimStoreOptions): BlobStore {
  const room: StoreRoom = { calls: o.disk.callsOf(o.life), directory: incomingPath(o.path), crypto: o.crypto }
  if (!o.disk.volume.isReadOnly) tidy(o.disk.volume, room)
  let temporaries = 0
  return {
    stat: (hash) => room.calls.call('stat', wholePath(room, hash), (volume) => storedAt(volume, room, hash)),
    async put(hash, source, { signal }) {
      const temporary = temporaryPath(room, hash, temporaries++)
      const content = await collect(source, signal)
      if (blobHashOf(room.crypto.blake3(content)) !== hash) {
        throw new StoreError('wrong-hash', `these bytes are not blob ${hash}`)
      }
      return putWhole(room, hash, temporary, content)
    },
    async receive(blob, chunks, { signal }) {
      signal.throwIfAborted()
      return receiveBlob(room, blob, chunks)
    },
    read: (hash, options) => readBlob(room, hash, options),
    async *list({ signal }) {
      const found = await room.calls.call('list', room.directory, (volume) => volume.list(room.directory))
      for (const { name, inode } of found) {
        signal.throwIfAborted()
        const kind = kindOfName(name)
        if (kind === 'temporary') continue
        const { sizeBytes, mtimeMs } = inode
        yield { hash: parseBlobHash(hashInName(name)), sizeBytes, isWhole: kind === 'whole', mtimeMs }
      }
    },
    async delete(hash) {
      for (const path of [wholePath(room, hash), partPath(room, hash)]) await removeFile(room, path)
    },
  }
}

function tidy(volume: Volume, room: StoreRoom): void {
  if (volume.find(room.directory)?.kind !== 'directory') return
  for (const { name, inode } of volume.list(room.directory)) {
    const kind = kindOfName(name)
    const isWrong = kind === 'whole' && blobHashOf(room.crypto.blake3(inode.content.slice())) !== hashInName(name)
    if (kind === 'temporary' || isWrong || (kind === 'whole' && inode.links > 1))
      volume.unlink(`${room.directory}/${name}`)
  }
}

/** Temp, rename; nothing stays behind where one of them fails. */
async function putWhole(room: StoreRoom, hash: BlobHash, temporary: string, content: Uint8Array): Promise<StoredBlob> {
  try {
    const write = (volume: Volume): void => {
      volume.replace(temporary, volume.create(temporary, 'file'), content)
    }
    await storing(room, 'write', temporary, write, content.length)
    return await finish(room, hash, temporary)
  } catch (cause) {
    await removeFile(room, temporary)
    throw cause
  }
}

function removeFile(room: StoreRoom, path: string): Promise<void> {
  return room.calls.call('unlink', path, (volume) => {
    if (volume.find(path) !== undefined) volume.unlink(path)
  })
}

async function* readBlob(
  room: StoreRoom,
  hash: BlobHash,
  { range, signal }: AbortOptions & { range?: ByteRange },
): AsyncGenerator<Uint8Array> {
  const path = wholePath(room, hash)
  const opened = await room.calls.call('open', path, (volume) => volume.find(path))
  if (opened === undefined) throw new StoreError('missing', `blob ${hash} is not in this store`)
  const end = Math.min(range?.end ?? Infinity, opened.sizeBytes)
  for (let start = range?.start ?? 0; start < end; start += CHUNK_BYTES) {
    signal.throwIfAborted()
    const to = Math.min(start + CHUNK_BYTES, end)
    yield await room.calls.call('read', path, () => opened.content.slice(start, to), to - start)
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

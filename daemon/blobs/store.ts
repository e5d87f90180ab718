/** The `BlobStore` port in a directory: whole blobs by their hash, parts and temporary files beside them. */

import { constants } from 'node:fs'
import { mkdir, open, opendir, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pipe } from 'it-pipe'
import type { Crypto, Hasher } from '../../protocol/crypto.ts'
import type { BlobHash } from '../../protocol/ids.ts'
import { blobHashOf, parseBlobHash } from '../../protocol/ids.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import type { AbortOptions, BlobStore, ByteRange, StoredBlob } from '../ports.ts'
import { withoutHoles } from './holes.ts'
import { receiveBlob } from './incoming.ts'
import type { Threads } from '../threads-port.ts'
import { StoreError, hasErrno, storing } from './store-error.ts'
import type { StoreRoom } from './store-room.ts'
import {
  createStoreRoom,
  finish,
  hashInName,
  kindOfName,
  partPath,
  statOf,
  storedAt,
  temporaryPath,
  wholePath,
} from './store-room.ts'
import { createPutSmall } from './write-batches.ts'

const DIRECTORY_MODE = 0o700
/** As files of the folder are made: the umask takes away what the user does not want to give. */
const FILE_MODE = 0o666
/** Larger ones are no part of a batch. */
const SMALL_BYTES = CHUNK_BYTES
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW
const NEVER = new AbortController().signal
const NEW_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

export interface BlobStoreOptions {
  readonly directory: string
  readonly crypto: Crypto
  readonly threads: Threads
  /** What is younger, in milliseconds, is not removed: another process may be using the store. */
  readonly sparedMs?: number
}

/**
 * Makes the directory if it is missing, and removes what a crash left in it: temporary files, blobs that were placed, and blobs whose
 * bytes are not what their names say. What is put here is not synced, so that all of it is read again: a power cut may have kept a
 * name without the bytes, or the name of a blob that was placed already, and then an edit of the file was an edit of the blob.
 * @throws StoreError `no-space`, `io`
 */
export async function openBlobStore(o: BlobStoreOptions): Promise<BlobStore> {
  const room = createStoreRoom(resolve(o.directory), o.crypto)
  const putSmall = createPutSmall(room, o.threads)
  await storing(room.directory, () => tidy(room, o.sparedMs ?? 0))
  return {
    stat: (hash) => Promise.resolve(storedAt(room, hash)),
    put: (hash, source, options) =>
      source instanceof Uint8Array && source.length <= SMALL_BYTES
        ? putSmall({ hash, bytes: source }, options)
        : putBlob(room, hash, source, options),
    receive: (blob, chunks, options) => receiveBlob(room, o.threads, blob, chunks, options),
    read: (hash, options) => readBlob(room, hash, options),
    list: (options) => listBlobs(room, options),
    async delete(hash) {
      await rm(wholePath(room, hash), { force: true })
      await rm(partPath(room, hash), { force: true })
    },
  }
}

async function tidy(room: StoreRoom, sparedMs: number): Promise<void> {
  await mkdir(room.directory, { mode: DIRECTORY_MODE }).catch((cause: unknown) => {
    if (!hasErrno(cause, 'EEXIST')) throw cause
  })
  for await (const { name } of await opendir(room.directory)) {
    const path = join(room.directory, name)
    const kind = kindOfName(name)
    if (kind !== 'temporary' && kind !== 'whole') continue
    const stats = statOf(path)
    if (stats === undefined) continue
    const isYoung = sparedMs > 0 && Date.now() - Number(stats.mtimeNs / 1_000_000n) < sparedMs
    const isLeft = kind === 'temporary' || stats.nlink > 1n
    if (isLeft ? !isYoung : !(await isIntact(room, parseBlobHash(name)))) await rm(path, { force: true })
  }
}

/** Whether a whole blob is what its name says. One that is not there any more was placed by another process. */
async function isIntact(room: StoreRoom, hash: BlobHash): Promise<boolean> {
  const hasher = room.crypto.hasher()
  try {
    for await (const piece of readBlob(room, hash, { signal: NEVER })) hasher.update(piece)
  } catch (cause) {
    if (hasErrno(cause, 'EIO')) return false
    if (cause instanceof StoreError && cause.code === 'missing') return true
    throw cause
  }
  return blobHashOf(hasher.digest()) === hash
}

async function putBlob(
  room: StoreRoom,
  hash: BlobHash,
  source: AsyncIterable<Uint8Array> | Uint8Array,
  { signal }: AbortOptions,
): Promise<StoredBlob> {
  if (source instanceof Uint8Array) checkHash(hash, room.crypto.blake3(source))
  return await room.slots.use(signal, () =>
    storing(`blob ${hash}`, async () => {
      await room.free.take(source instanceof Uint8Array ? source.length : 0)
      const temporary = temporaryPath(room.directory, hash)
      try {
        await writeBytes(room, temporary, hash, source, signal)
        return finish(room, hash, temporary)
      } catch (cause) {
        await rm(temporary, { force: true })
        throw cause
      }
    }),
  )
}

async function writeBytes(
  room: StoreRoom,
  path: string,
  hash: BlobHash,
  source: AsyncIterable<Uint8Array> | Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  await using file = await open(path, NEW_FLAGS, FILE_MODE)
  let size = 0
  if (source instanceof Uint8Array) size = await writeAll(file, source, 0)
  else {
    await pipe(
      source,
      (pieces) => checked(pieces, hash, room.crypto.hasher(), signal),
      async (pieces) => {
        for await (const piece of pieces) size = await writeAll(file, piece, size)
      },
    )
  }
  await file.truncate(size)
}

/** Behind what was written before. @returns where it ends. */
async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  for (const { at: start, end } of withoutHoles(bytes)) {
    for (let at = start; at < end;) at += (await file.write(bytes, at, end - at, position + at)).bytesWritten
  }
  return position + bytes.length
}

/** The same pieces; throws behind the last one unless they are the blob. */
async function* checked(
  pieces: AsyncIterable<Uint8Array>,
  hash: BlobHash,
  hasher: Hasher,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    signal.throwIfAborted()
    hasher.update(piece)
    yield piece
  }
  checkHash(hash, hasher.digest())
}

function checkHash(hash: BlobHash, digest: Uint8Array): void {
  if (blobHashOf(digest) !== hash) throw new StoreError('wrong-hash', `these bytes are not blob ${hash}`)
}

async function* readBlob(
  room: StoreRoom,
  hash: BlobHash,
  { range, signal }: AbortOptions & { range?: ByteRange },
): AsyncGenerator<Uint8Array> {
  await using file = await openWhole(room, hash)
  const end = range?.end ?? Infinity
  for (let at = range?.start ?? 0; at < end;) {
    signal.throwIfAborted()
    const length = Math.min(CHUNK_BYTES, end - at)
    const { bytesRead, buffer } = await file.read(new Uint8Array(length), 0, length, at)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
    at += bytesRead
  }
}

async function openWhole(room: StoreRoom, hash: BlobHash): Promise<FileHandle> {
  try {
    return await open(wholePath(room, hash), READ_FLAGS)
  } catch (cause) {
    if (!hasErrno(cause, 'ENOENT')) throw cause
    throw new StoreError('missing', `blob ${hash} is not in this store`, { cause })
  }
}

async function* listBlobs(
  room: StoreRoom,
  { signal }: AbortOptions,
): AsyncGenerator<{ hash: BlobHash; sizeBytes: number; isWhole: boolean; mtimeMs: number }> {
  for await (const { name } of await opendir(room.directory)) {
    signal.throwIfAborted()
    const kind = kindOfName(name)
    if (kind !== 'whole' && kind !== 'part') continue
    const stats = statOf(join(room.directory, name))
    if (stats === undefined) continue
    const [sizeBytes, mtimeMs] = [Number(stats.size), Number(stats.mtimeNs / 1_000_000n)]
    yield { hash: parseBlobHash(hashInName(name)), sizeBytes, isWhole: kind === 'whole', mtimeMs }
  }
}

/** Listing, hashing and reading a simulated folder. */

import type { Crypto } from '../../protocol/crypto.ts'
import { blobHashOf } from '../../protocol/ids.ts'
import type { ChunkList } from '../../protocol/chunks.ts'
import { chunkCount, toChunkList } from '../../protocol/chunks.ts'
import { CHUNK_BYTES, HASH_BYTES } from '../../protocol/limits.ts'
import type { DirPath, RelPath } from '../../protocol/path.ts'
import { HOLT_DIRECTORY, ROOT, childOf, pathFault } from '../../protocol/path.ts'
import type {
  AbortOptions,
  ByteRange,
  DirectoryListing,
  DiskEntry,
  Fingerprint,
  HashRequest,
  HashResult,
} from '../../daemon/ports.ts'
import { fingerprintOf } from './disk-names.ts'
import { Errno, hasErrno } from './errno.ts'
import type { Inode, NameEntry } from './inode.ts'
import { TreeError } from '../../daemon/disk/disk-error.ts'
import { placeOf } from './tree-root.ts'
import type { TreeRoot } from './tree-root.ts'
import type { Volume } from './volume.ts'

/** Lists one directory; `onListed` gets its inode when it could be listed. */
export async function listDirectory(
  root: TreeRoot,
  directory: DirPath,
  onListed: (inode: Inode) => void,
): Promise<DirectoryListing> {
  try {
    return await listNow(root, directory, onListed)
  } catch (cause) {
    if (cause instanceof Errno) return { directory, state: 'unreadable', entries: [] }
    throw cause
  }
}

function listNow(root: TreeRoot, directory: DirPath, onListed: (inode: Inode) => void): Promise<DirectoryListing> {
  return root.calls.call('list', `${root.path}/${directory}`, (volume) => {
    const inode = volume.find(placeOf(volume, root.path, directory))
    if (inode?.kind !== 'directory') return { directory, state: 'absent', entries: [] }
    if (!inode.isReadable) return { directory, state: 'unreadable', entries: [] }
    onListed(inode)
    return { directory, state: 'listed', entries: entriesIn(directory, inode, volume.traits.holdsExecutableBit) }
  })
}

function entriesIn(directory: DirPath, inode: Inode, holdsExecutableBit: boolean): DiskEntry[] {
  const names = [...inode.names.values()].filter(
    ({ name }) => directory !== ROOT || name.toLowerCase() !== HOLT_DIRECTORY,
  )
  const counts = new Map<string, number>()
  for (const { name } of names) counts.set(name.normalize('NFC'), (counts.get(name.normalize('NFC')) ?? 0) + 1)
  const entries = names.map((entry) => {
    const isClash = (counts.get(entry.name.normalize('NFC')) ?? 0) > 1
    return toDiskEntry(directory, entry, isClash, holdsExecutableBit)
  })
  return entries.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
}

function orderOf(entry: DiskEntry): string {
  return entry.path ?? (entry.kind === 'blocked' ? entry.diskName : '')
}

function toDiskEntry(directory: DirPath, entry: NameEntry, isClash: boolean, holdsExecutableBit: boolean): DiskEntry {
  const { inode, name: diskName } = entry
  const name = diskName.normalize('NFC')
  const isLegal = pathFault(directory === ROOT ? name : `${directory}/${name}`) === undefined
  const path = isLegal ? childOf(directory, name) : null
  if (path === null) return { kind: 'blocked', diskName, path, reason: 'bad-name' }
  if (isClash) return { kind: 'blocked', diskName, path, reason: 'name-clash' }
  const mtimeMs = Math.max(0, inode.mtimeMs)
  const { sizeBytes } = inode
  const fingerprint = fingerprintOf(inode)
  switch (inode.kind) {
    case 'special':
      return { kind: 'blocked', diskName, path, reason: 'special-file' }
    case 'directory':
      return { kind: 'directory', path, fingerprint, mtimeMs, isMount: inode.isMount }
    case 'symlink':
      return { kind: 'symlink', path, fingerprint, mtimeMs, target: inode.target }
    case 'file': {
      if (inode.isPlaceholder) return { kind: 'blocked', diskName, path, reason: 'placeholder' }
      return {
        kind: 'file',
        path,
        fingerprint,
        sizeBytes,
        mtimeMs,
        executable: holdsExecutableBit && inode.isExecutable,
      }
    }
  }
}

/** A file that has a fingerprint now; undefined when it does not, or no file is there. */
function fileAt(volume: Volume, root: TreeRoot, path: RelPath, expect: Fingerprint): Inode | undefined {
  const inode = volume.find(placeOf(volume, root.path, path))
  return inode?.kind === 'file' && fingerprintOf(inode) === expect ? inode : undefined
}

export async function hashFile(root: TreeRoot, crypto: Crypto, request: HashRequest): Promise<HashResult> {
  const { path, fingerprint } = request
  const place = `${root.path}/${path}`
  try {
    const opened = await root.calls.call('open', place, (volume) => {
      const inode = fileAt(volume, root, path, fingerprint)
      if (inode?.isReadable === false) throw new Errno('EACCES', place)
      return inode
    })
    if (opened === undefined) return { kind: 'changed', path }
    const content = opened.content.slice()
    const isSame = await root.calls.call(
      'read',
      place,
      (volume) => fileAt(volume, root, path, fingerprint) === opened,
      content.length,
    )
    if (!isSame) return { kind: 'changed', path }
    const hash = blobHashOf(crypto.blake3(content))
    return { kind: 'hashed', path, fingerprint, hash, sizeBytes: content.length, chunks: chunksOf(content, crypto) }
  } catch (cause) {
    if (hasErrno(cause, 'EACCES')) return { kind: 'unreadable', path, reason: 'permission denied' }
    if (cause instanceof Errno) return { kind: 'unreadable', path, reason: cause.message }
    throw cause
  }
}

/** Null for a blob of at most one chunk. */
export function chunksOf(content: Uint8Array, crypto: Crypto): ChunkList | null {
  const count = chunkCount(content.length)
  if (count <= 1) return null
  const hashes = new Uint8Array(count * HASH_BYTES)
  for (let i = 0; i < count; i++) {
    hashes.set(crypto.blake3(content.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES)), i * HASH_BYTES)
  }
  return toChunkList(hashes, crypto)
}

/** In pieces of at most one chunk; each is given out only after the file was seen unchanged behind it. */
export async function* readFile(
  root: TreeRoot,
  path: RelPath,
  o: AbortOptions & { range?: ByteRange; expect: Fingerprint },
): AsyncGenerator<Uint8Array> {
  const place = `${root.path}/${path}`
  const take = (start: number, end: number): Promise<Uint8Array> =>
    root.calls.call('read', place, (volume) => {
      const inode = fileAt(volume, root, path, o.expect)
      if (inode === undefined) throw new TreeError('changed', `${path} is not what it was`)
      if (end > inode.sizeBytes) throw new TreeError('changed', `${path} is shorter than that`)
      return inode.content.slice(start, end)
    })
  const size = Number(o.expect.slice(0, o.expect.indexOf('-')))
  const end = o.range?.end ?? (Number.isNaN(size) ? 0 : size)
  let start = o.range?.start ?? 0
  do {
    o.signal.throwIfAborted()
    const piece = await take(start, Math.min(start + CHUNK_BYTES, end))
    await take(0, 0)
    if (piece.length > 0) yield piece
    start += CHUNK_BYTES
  } while (start < end)
}

/** Where a simulated store keeps its files, and the one step by which a blob becomes whole. */

import type { Crypto } from '../../protocol/crypto.ts'
import type { BlobHash } from '../../protocol/ids.ts'
import type { StoredBlob } from '../../daemon/ports.ts'
import { StoreError } from '../../daemon/blobs/store-error.ts'
import { identityOf, locationOf } from './disk-names.ts'
import type { DiskCalls } from './disk.ts'
import { Errno, hasErrno } from './errno.ts'
import type { Volume } from './volume.ts'

export interface StoreRoom {
  readonly calls: DiskCalls
  readonly directory: string
  readonly crypto: Crypto
}

const PART = '.part'
const TEMPORARY = '.new-'
const HASH_CHARACTERS = 64

export const wholePath = (room: StoreRoom, hash: BlobHash): string => `${room.directory}/${hash}`
export const partPath = (room: StoreRoom, hash: BlobHash): string => `${room.directory}/${hash}${PART}`
export const temporaryPath = (room: StoreRoom, hash: BlobHash, no: number): string =>
  `${room.directory}/${hash}${TEMPORARY}${no}`

/** What a name in the store's directory means. */
export function kindOfName(name: string): 'whole' | 'part' | 'temporary' {
  const rest = name.slice(HASH_CHARACTERS)
  if (rest === PART) return 'part'
  return rest.startsWith(TEMPORARY) ? 'temporary' : 'whole'
}

export function hashInName(name: string): string {
  return name.slice(0, HASH_CHARACTERS)
}

/** Undefined too for a file that has another name: it is just being placed, and an edit there would change it here. */
export function storedAt(volume: Volume, room: StoreRoom, hash: BlobHash): StoredBlob | undefined {
  const path = wholePath(room, hash)
  const inode = volume.find(path)
  if (inode?.links !== 1) return undefined
  return { hash, sizeBytes: inode.sizeBytes, location: locationOf(path), identity: identityOf(inode) }
}

/**
 * Gives a file that holds exactly the blob its name, unless the store has the blob: then that stays, because a caller may have
 * been told of it. Either way `source` is gone.
 */
export async function finish(room: StoreRoom, hash: BlobHash, source: string): Promise<StoredBlob> {
  const whole = wholePath(room, hash)
  return storing(room, 'rename', whole, (volume) => {
    if (storedAt(volume, room, hash) === undefined) volume.rename(source, whole)
    else volume.unlink(source)
    const stored = storedAt(volume, room, hash)
    if (stored === undefined) throw new Errno('ENOENT', whole)
    return stored
  })
}

/** A call that changes the store. @throws StoreError `no-space`, `io` */
export async function storing<T>(
  room: StoreRoom,
  name: string,
  path: string,
  body: (volume: Volume) => T,
  bytes = 0,
): Promise<T> {
  try {
    return await room.calls.call(name, path, body, bytes)
  } catch (cause) {
    if (hasErrno(cause, 'ENOSPC')) throw new StoreError('no-space', `no space for ${path}`, { cause })
    if (cause instanceof Errno) throw new StoreError('io', `${path} could not be changed`, { cause })
    throw cause
  }
}

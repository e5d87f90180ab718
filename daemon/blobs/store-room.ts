/** Where a store keeps its files, and the one step by which a blob becomes whole. */

import { randomUUID } from 'node:crypto'
import { lstatSync, renameSync, rmSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { join } from 'node:path'
import type { Crypto } from '../../protocol/crypto.ts'
import type { BlobHash } from '../../protocol/ids.ts'
import type { BlobLocation, FileIdentity, StoredBlob } from '../ports.ts'
import { FreeRoom } from './free-room.ts'

/** Writes of whole blobs and commits that are under way at once: what a disk syncs well together. */
const IN_FLIGHT_MAX = 16

export interface StoreRoom {
  /** Absolute. */
  readonly directory: string
  readonly crypto: Crypto
  readonly slots: Slots
  readonly free: FreeRoom
}

const PART = '.part'
const TEMPORARY = '.new-'
const HASH_CHARACTERS = 64

export function createStoreRoom(directory: string, crypto: Crypto): StoreRoom {
  return { directory, crypto, slots: new Slots(IN_FLIGHT_MAX), free: new FreeRoom(directory) }
}

export const wholePath = ({ directory }: Pick<StoreRoom, 'directory'>, hash: BlobHash): string => join(directory, hash)
export const partPath = (room: StoreRoom, hash: BlobHash): string => join(room.directory, hash + PART)
/** A name that is used once. What a crash leaves of it is removed when the store is opened. */
export const temporaryPath = (directory: string, hash: BlobHash): string =>
  join(directory, `${hash}${TEMPORARY}${randomUUID()}`)

/** What a name in the store's directory means. */
export function kindOfName(name: string): 'whole' | 'part' | 'temporary' | 'foreign' {
  if (!/^[0-9a-f]{64}/.test(name)) return 'foreign'
  const rest = name.slice(HASH_CHARACTERS)
  if (rest === '') return 'whole'
  if (rest === PART) return 'part'
  return rest.startsWith(TEMPORARY) ? 'temporary' : 'foreign'
}

/** The blob's text in the name of a whole blob or a part. */
export function hashInName(name: string): string {
  return name.slice(0, HASH_CHARACTERS)
}

/** Undefined too for a file that has another name: it is just being placed, and an edit there would change it here. */
export function storedAt(room: Pick<StoreRoom, 'directory'>, hash: BlobHash): StoredBlob | undefined {
  const path = wholePath(room, hash)
  const stats = statOf(path)
  if (stats === undefined || !stats.isFile() || stats.nlink !== 1n) return undefined
  return toStored(path, hash, stats)
}

/** One look takes microseconds: less than handing it to a thread. */
export function statOf(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })
}

function toStored(path: string, hash: BlobHash, { size, dev, ino }: BigIntStats): StoredBlob {
  return {
    hash,
    sizeBytes: Number(size),
    location: path as BlobLocation,
    identity: identityOf({ dev, ino }),
  }
}

export function identityOf({ dev, ino }: Pick<BigIntStats, 'dev' | 'ino'>): FileIdentity {
  return `${dev}:${ino}` as FileIdentity
}

/**
 * Gives a file that holds exactly the blob its name, unless the store has the blob: then that stays, because a caller may
 * have been told of it. Either way `source` is gone. In one go, so that no other work of this thread comes between.
 */
export function finish(room: StoreRoom, hash: BlobHash, source: string): StoredBlob {
  nameWhole(room.directory, hash, source)
  const path = wholePath(room, hash)
  return toStored(path, hash, lstatSync(path, { bigint: true }))
}

/** The step itself. @returns the file that the store has already; undefined where it had none. */
export function nameWhole(directory: string, hash: BlobHash, source: string): FileIdentity | undefined {
  const known = storedAt({ directory }, hash)
  if (known === undefined) renameSync(source, wholePath({ directory }, hash))
  else rmSync(source, { force: true })
  return known?.identity
}

/** So many at once; more wait, in order. */
export class Slots {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  /** @throws the signal's reason, without having begun. */
  async use<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    await this.#take()
    try {
      signal.throwIfAborted()
      return await work()
    } finally {
      this.#give()
    }
  }

  async #take(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1
      return
    }
    await new Promise<void>((resolve) => void this.#waiting.push(resolve))
  }

  #give(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free += 1
    else next()
  }
}

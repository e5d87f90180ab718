/**
 * How much may still arrive on a volume. A reserve stays free, so that the machine and whoever writes on it by hand go on whatever
 * others send; and what was promised to blobs that are on their way is not promised again.
 */

import { statfs } from 'node:fs/promises'
import { StoreError, hasErrno } from './store-error.ts'

/** What stays free: the smaller of this share of the volume, and so many bytes. */
const RESERVE_SHARE = 0.05
const RESERVE_BYTES = 2 ** 30
/** How long a look at the volume holds, less what was written since. */
const LOOK_MS = 500

export class FreeRoom {
  readonly #directory: string
  readonly #promised = new Map<object, number>()
  #spareBytes = 0
  #lookedMs = Number.NEGATIVE_INFINITY

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Before so many bytes are written. @throws StoreError `no-space` */
  async take(bytes: number): Promise<void> {
    if ((await this.#spare()) < bytes)
      throw new StoreError('no-space', 'the disk is full, but for what is kept free on it')
    this.#spareBytes -= bytes
  }

  /** Promises room to a blob that begins to arrive; what it writes is taken off. @throws StoreError `no-room` */
  async promise(blob: object, bytes: number): Promise<void> {
    const promised = [...this.#promised.values()].reduce((sum, each) => sum + each, 0)
    const spare = await this.#spare()
    if (spare - promised < bytes) throw new StoreError('no-room', `${bytes} bytes do not fit on the disk`)
    this.#promised.set(blob, bytes)
  }

  wrote(blob: object, bytes: number): void {
    const promised = this.#promised.get(blob)
    if (promised !== undefined) this.#promised.set(blob, Math.max(0, promised - bytes))
  }

  release(blob: object): void {
    this.#promised.delete(blob)
  }

  async #spare(): Promise<number> {
    const nowMs = performance.now()
    if (nowMs - this.#lookedMs < LOOK_MS) return this.#spareBytes
    const volume = await look(this.#directory)
    this.#lookedMs = nowMs
    this.#spareBytes =
      volume === undefined
        ? Number.MAX_SAFE_INTEGER
        : volume.bavail * volume.bsize - Math.min(volume.blocks * volume.bsize * RESERVE_SHARE, RESERVE_BYTES)
    return this.#spareBytes
  }
}

/** Undefined where the system does not tell: then only the disk itself says that it is full. */
async function look(directory: string): Promise<{ bavail: number; bsize: number; blocks: number } | undefined> {
  try {
    const volume = await statfs(directory)
    return volume.blocks === 0 ? undefined : volume
  } catch (cause) {
    if (hasErrno(cause, 'ENOSYS', 'EOPNOTSUPP', 'EACCES', 'EPERM', 'ENOENT')) return undefined
    throw cause
  }
}

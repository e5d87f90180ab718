/** Watching a simulated folder: hints that come late, together, and sometimes not at all. */

import type { AbortOptions, WatchHint } from '../../daemon/ports.ts'
import type { DirPath } from '../../protocol/path.ts'
import { onAbort, reasonOf } from './abort.ts'
import type { SimDisk } from './disk.ts'
import type { Inode } from './inode.ts'
import type { Life } from './life.ts'

/** Directories that wait to be told of; beyond it only "anything may have changed" is told. */
const PENDING_MAX = 256

export class TreeWatch implements Disposable {
  readonly #disk: SimDisk
  readonly #life: Life
  readonly #watched = new Map<Inode, Disposable>()
  readonly #pathOf = new Map<Inode, DirPath>()
  #pending = new Set<DirPath>()
  #isOverflown = false
  /** A wait runs until the pending hints are told. */
  #isTimed = false
  #isReady = false
  #wake: () => void = () => undefined

  constructor(disk: SimDisk, life: Life) {
    this.#disk = disk
    this.#life = life
    life.onceEnded(() => this[Symbol.dispose]())
  }

  /** From now on changes in this directory are told, under the path that it had when it was last listed. */
  add(directory: DirPath, inode: Inode): void {
    this.#pathOf.set(inode, directory)
    if (this.#watched.has(inode)) return
    this.#watched.set(
      inode,
      this.#disk.watch(inode, () => this.#hear(inode)),
    )
  }

  #hear(inode: Inode): void {
    const path = this.#pathOf.get(inode)
    if (path === undefined) return
    if (this.#pending.size >= PENDING_MAX) this.#isOverflown = true
    else this.#pending.add(path)
    if (this.#isTimed) return
    this.#isTimed = true
    const [shortest, longest] = this.#disk.options.watchUs
    this.#life.after(this.#disk.random.between(shortest, longest), () => {
      this.#isReady = true
      this.#wake()
    })
  }

  /** Ends by throwing the signal's reason. */
  async *hints({ signal }: AbortOptions): AsyncGenerator<WatchHint> {
    for (;;) {
      signal.throwIfAborted()
      if (!this.#isReady) await this.#untilReady(signal)
      yield this.#take()
    }
  }

  #take(): WatchHint {
    const directories = [...this.#pending]
    const isOverflown = this.#isOverflown
    this.#pending = new Set()
    this.#isOverflown = false
    this.#isTimed = false
    this.#isReady = false
    return isOverflown ? { kind: 'overflow' } : { kind: 'dirty', directories }
  }

  #untilReady(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const listening = onAbort(signal, this.#life, () => {
        reject(reasonOf(signal))
      })
      this.#wake = () => {
        listening[Symbol.dispose]()
        resolve()
      }
    })
  }

  [Symbol.dispose](): void {
    for (const watching of this.#watched.values()) watching[Symbol.dispose]()
    this.#watched.clear()
    this.#pathOf.clear()
  }
}

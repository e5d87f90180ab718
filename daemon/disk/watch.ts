/**
 * Watching: one `fs.watch` for each directory that was scanned. What it tells is that a directory may have changed, and that is all
 * that is taken from it. Where the system's watches run out, the whole tree is a hint now and then.
 */

import { lstatSync, watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import type { DirPath } from '../../protocol/path.ts'
import { ROOT } from '../../protocol/path.ts'
import type { AbortOptions, WatchHint } from '../ports.ts'
import type { DiskContext } from './context.ts'
import { diskPath } from './context.ts'
import { hasErrno } from './disk-error.ts'
import { identityOf } from './fingerprint.ts'

/** Directories that wait to be told; beyond, everything may have changed. */
const HINTS_MAX = 10_000
/** How often everything is a hint while directories are not watched, in milliseconds. */
const POLL_MS = 60_000

export interface WatchStatus {
  readonly watched: number
  /** Directories that the system would not watch. */
  readonly failed: number
}

export class TreeWatch implements Disposable {
  readonly #context: DiskContext
  readonly #watchers = new Map<DirPath, { readonly watcher: FSWatcher; readonly identity: string }>()
  readonly #failed = new Set<DirPath>()
  readonly #dirty = new Set<DirPath>()
  #isOverflown = false
  #isActive = false
  #wake: (() => void) | undefined

  constructor(context: DiskContext) {
    this.#context = context
  }

  get status(): WatchStatus {
    return { watched: this.#watchers.size, failed: this.#failed.size }
  }

  /** To be called before the directory is listed. A directory that was made anew under its old name is watched anew. */
  add(directory: DirPath): void {
    if (!this.#isActive) return
    try {
      const path = diskPath(this.#context, directory)
      const stats = lstatSync(path, { bigint: true })
      const identity = `${identityOf(stats)}:${stats.birthtimeNs}`
      if (this.#watchers.get(directory)?.identity === identity) return
      this.forget(directory)
      if (!stats.isDirectory()) return
      const watcher = watch(path, { persistent: false }, (_event, name) => this.#seen(directory, name))
      watcher.on('error', () => this.#broken(directory))
      this.#watchers.set(directory, { watcher, identity })
      this.#failed.delete(directory)
    } catch (cause) {
      if (hasErrno(cause, 'ENOSPC', 'EMFILE')) this.#failed.add(directory)
      else if (!hasErrno(cause, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP')) throw cause
    }
  }

  /** The directory is not there any more. */
  forget(directory: DirPath): void {
    this.#watchers.get(directory)?.watcher.close()
    this.#watchers.delete(directory)
    this.#failed.delete(directory)
  }

  /** Hints until the signal aborts. At most one at a time. */
  async *hints({ signal }: AbortOptions): AsyncIterable<WatchHint> {
    this.#isActive = true
    const wakeUp = (): void => this.#wake?.()
    signal.addEventListener('abort', wakeUp)
    const timer = setInterval(() => this.#poll(), POLL_MS)
    timer.unref()
    try {
      while (!signal.aborted) {
        const next = this.#take()
        if (next !== undefined) yield next
        else await new Promise<void>((resolve) => (this.#wake = resolve))
        this.#wake = undefined
      }
      signal.throwIfAborted()
    } finally {
      clearInterval(timer)
      signal.removeEventListener('abort', wakeUp)
      this[Symbol.dispose]()
    }
  }

  [Symbol.dispose](): void {
    this.#isActive = false
    for (const { watcher } of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
    this.#dirty.clear()
  }

  #seen(directory: DirPath, name: string | null): void {
    if (directory === ROOT && name === '.holt') return
    if (this.#dirty.size >= HINTS_MAX) this.#isOverflown = true
    else this.#dirty.add(directory)
    this.#wake?.()
  }

  /** Its next scan begins another. */
  #broken(directory: DirPath): void {
    this.forget(directory)
    this.#seen(directory, null)
  }

  #poll(): void {
    if (this.#failed.size === 0) return
    this.#isOverflown = true
    this.#wake?.()
  }

  #take(): WatchHint | undefined {
    if (this.#isOverflown) {
      this.#isOverflown = false
      this.#dirty.clear()
      return { kind: 'overflow' }
    }
    if (this.#dirty.size === 0) return undefined
    const directories = [...this.#dirty]
    this.#dirty.clear()
    return { kind: 'dirty', directories }
  }
}

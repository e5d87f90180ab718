/**
 * Watching: one `fs.watch` for each directory that was scanned. What it tells is that a directory may have changed, and that is all
 * that is taken from it. Where the system's watches run out, the whole tree is a hint now and then.
 */

import { lstatSync, watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import type { DirPath } from '../../protocol/path.ts'
import { HOLT_DIRECTORY, ROOT, isBelow } from '../../protocol/path.ts'
import type { AbortOptions, WatchHint } from '../ports.ts'
import type { DiskContext } from './context.ts'
import { diskPath } from './context.ts'
import { hasErrno, isSystemError } from './disk-error.ts'
import { identityOf } from './fingerprint.ts'

/** Directories that wait to be told; beyond, everything may have changed. */
const HINTS_MAX = 10_000
/** How often everything is a hint while directories are not watched, in milliseconds. */
const POLL_MS = 60_000

/** There is no such directory, or none that this user may look into. */
const ABSENT = ['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP'] as const

export interface WatchStatus {
  readonly watched: number
  /** Directories that the system would not watch. */
  readonly failed: number
}

/** `fs.watch` as it is used here. */
export type WatchDirectory = (path: string, listener: (event: string, name: string | null) => void) => FSWatcher

const watchDirectory: WatchDirectory = (path, listener) => watch(path, { persistent: false }, listener)

export class TreeWatch implements Disposable {
  readonly #context: DiskContext
  readonly #watch: WatchDirectory
  readonly #watchers = new Map<DirPath, { readonly watcher: FSWatcher; readonly identity: string }>()
  readonly #failed = new Set<DirPath>()
  readonly #dirty = new Set<DirPath>()
  #isOverflown = false
  #isPolling = false
  /** Set while somebody asks for hints. */
  #active: AbortController | undefined
  #wake: (() => void) | undefined

  constructor(context: DiskContext, watch: WatchDirectory = watchDirectory) {
    this.#context = context
    this.#watch = watch
  }

  get status(): WatchStatus {
    return { watched: this.#watchers.size, failed: this.#failed.size }
  }

  /** To be called before the directory is listed. A directory that was made anew under its old name is watched anew. */
  add(directory: DirPath): void {
    const active = this.#active
    if (active === undefined) return
    const path = diskPath(this.#context, directory)
    const identity = identityAt(path)
    if (identity === undefined) {
      this.#forget(directory)
      return
    }
    if (this.#watchers.get(directory)?.identity === identity) return
    this.#close(directory)
    try {
      const watcher = this.#watch(path, (_event, name) => this.#seen(directory, name))
      watcher.on('error', () => this.#broken(directory))
      this.#watchers.set(directory, { watcher, identity })
    } catch (cause) {
      if (hasErrno(cause, ...ABSENT)) return
      if (!isSystemError(cause)) throw cause
      this.#failed.add(directory)
      void this.#poll(active.signal)
    }
  }

  /** Hints until the signal aborts. At most one at a time. */
  async *hints({ signal }: AbortOptions): AsyncIterable<WatchHint> {
    const active = new AbortController()
    this.#active = active
    const wakeUp = (): void => this.#wake?.()
    signal.addEventListener('abort', wakeUp)
    try {
      while (!signal.aborted) {
        const next = this.#take()
        if (next !== undefined) yield next
        else await new Promise<void>((resolve) => (this.#wake = resolve))
        this.#wake = undefined
      }
      signal.throwIfAborted()
    } finally {
      signal.removeEventListener('abort', wakeUp)
      this[Symbol.dispose]()
    }
  }

  [Symbol.dispose](): void {
    this.#active?.abort()
    this.#active = undefined
    for (const { watcher } of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
    this.#failed.clear()
    this.#dirty.clear()
  }

  /** The directory is not there any more, nor what was below it. */
  #forget(directory: DirPath): void {
    if (!this.#watchers.has(directory) && !this.#failed.has(directory)) return
    for (const each of [...this.#watchers.keys(), ...this.#failed]) {
      if (each === directory || (each !== ROOT && isBelow(each, directory))) this.#close(each)
    }
  }

  #close(directory: DirPath): void {
    this.#watchers.get(directory)?.watcher.close()
    this.#watchers.delete(directory)
    this.#failed.delete(directory)
  }

  #seen(directory: DirPath, name: string | null): void {
    if (directory === ROOT && name === HOLT_DIRECTORY) return
    if (this.#dirty.size >= HINTS_MAX) this.#isOverflown = true
    else this.#dirty.add(directory)
    this.#wake?.()
  }

  /** Its next scan begins another. */
  #broken(directory: DirPath): void {
    this.#close(directory)
    this.#seen(directory, null)
  }

  /** Runs while directories are not watched. The scan that its hint leads to tries to watch them again. */
  async #poll(signal: AbortSignal): Promise<void> {
    if (this.#isPolling) return
    this.#isPolling = true
    try {
      while (this.#failed.size > 0) {
        await this.#context.clock.sleep(POLL_MS, { signal })
        this.#isOverflown = true
        this.#wake?.()
      }
    } catch (cause) {
      if (!signal.aborted) throw cause
    } finally {
      this.#isPolling = false
    }
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

/** Which directory it is, or undefined where there is none. */
function identityAt(path: string): string | undefined {
  try {
    const stats = lstatSync(path, { bigint: true })
    return stats.isDirectory() ? `${identityOf(stats)}:${stats.birthtimeNs}` : undefined
  } catch (cause) {
    if (isSystemError(cause)) return undefined
    throw cause
  }
}

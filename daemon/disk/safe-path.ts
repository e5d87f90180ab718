/**
 * The directories that one batch changes, opened from the root down without following a symbolic link, even one that is put
 * there meanwhile. They stay open while the batch uses them, and those that it changed are synced once.
 */

import { closeSync, constants, existsSync, fsync, lstatSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { DirPath } from '../../protocol/path.ts'
import { HOLT_DIRECTORY } from '../../protocol/path.ts'
import type { ChangedRoot } from './change-room.ts'
import { TreeError, hasErrno } from './disk-error.ts'

const DIRECTORY_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
/** Directories that stay open between two changes. */
const OPEN_MAX = 256
/** Closed directories whose sync is under way, before a batch waits for it. */
const SYNCS_MAX = 16
const syncFd = promisify(fsync)

/** One change's use of an open directory. */
export interface HeldDirectory extends Disposable {
  /** A path that reaches a name in the directory, whatever is renamed above it. */
  child(name: string): string
  /** The directory has changed and is synced with the batch. */
  touch(): void
}

interface Opened {
  readonly key: string
  /** Null where there is no `/proc`: each use looks at every component again. */
  readonly fd: number | null
  readonly path: string
  users: number
  isTouched: boolean
}

export class BatchDirectories implements AsyncDisposable {
  readonly #context: Pick<ChangedRoot, 'root' | 'names'>
  readonly #hasProc: boolean
  /** By the names on the disk, least lately used first. */
  readonly #open = new Map<string, Opened>()
  readonly #syncing = new Set<Promise<void>>()
  readonly #faults: unknown[] = []

  constructor(context: Pick<ChangedRoot, 'root' | 'names'>) {
    this.#context = context
    this.#hasProc = process.platform === 'linux' && existsSync('/proc/self/fd')
  }

  /**
   * @param make makes what is missing of it.
   * @throws system errors: ENOENT; ENOTDIR or ELOOP where something else, such as a symbolic link, is in the way.
   */
  open(directory: DirPath, { make }: { make: boolean }): HeldDirectory {
    return this.#hold(this.#reach(this.#context.names.components(directory), make))
  }

  /** A directory of `.holt`. */
  openHolt(name: 'incoming' | 'versions'): HeldDirectory {
    return this.#hold(this.#reach([HOLT_DIRECTORY, name], true))
  }

  /** Forgets a directory that was removed: what takes its name is another one. */
  forget(directory: DirPath): void {
    const key = this.#context.names.components(directory).join('/')
    const gone = [...this.#open.values()].filter((each) => each.key === key || each.key.startsWith(`${key}/`))
    for (const each of gone) this.#close(each)
  }

  /** Waits until few enough directories are being synced. */
  async room(): Promise<void> {
    while (this.#syncing.size >= SYNCS_MAX) await Promise.race(this.#syncing)
  }

  /** Syncs and closes all of them. @throws TreeError `io`: what was done may not survive a power cut. */
  async finish(): Promise<void> {
    for (const opened of [...this.#open.values()]) {
      await this.room()
      this.#close(opened)
    }
    await Promise.all(this.#syncing)
    if (this.#faults.length > 0)
      throw new TreeError('io', 'a directory could not be synced', { cause: this.#faults[0] })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const opened of [...this.#open.values()]) this.#close(opened)
    await Promise.all(this.#syncing)
  }

  #hold(opened: Opened): HeldDirectory {
    opened.users += 1
    return {
      child: (name) => `${opened.path}/${name}`,
      touch: () => {
        opened.isTouched = true
      },
      [Symbol.dispose]: () => {
        opened.users -= 1
      },
    }
  }

  #reach(names: readonly string[], make: boolean): Opened {
    const key = names.join('/')
    const known = this.#open.get(key)
    if (known !== undefined) {
      this.#open.delete(key)
      this.#open.set(key, known)
      if (known.fd === null) lookAtEach(this.#context.root, names)
      return known
    }
    const opened = names.length === 0 ? this.#openRoot() : this.#openBelow(names, make)
    this.#open.set(key, opened)
    this.#evict()
    return opened
  }

  #openRoot(): Opened {
    return this.#toOpened('', this.#context.root)
  }

  #openBelow(names: readonly string[], make: boolean): Opened {
    const parent = this.#reach(names.slice(0, -1), make)
    parent.users += 1
    try {
      const path = `${parent.path}/${names.at(-1) ?? ''}`
      const key = names.join('/')
      try {
        return this.#toOpened(key, path)
      } catch (cause) {
        if (!make || !hasErrno(cause, 'ENOENT')) throw cause
        makeDirectory(path, key.startsWith(HOLT_DIRECTORY) ? 0o700 : 0o777)
        parent.isTouched = true
        return this.#toOpened(key, path)
      }
    } finally {
      parent.users -= 1
    }
  }

  #toOpened(key: string, path: string): Opened {
    const state = { key, users: 0, isTouched: false }
    if (!this.#hasProc) {
      if (!lstatSync(path).isDirectory()) throw new TreeError('changed', `${path} is no directory`)
      return { ...state, fd: null, path }
    }
    const fd = openSync(path, DIRECTORY_FLAGS)
    return { ...state, fd, path: `/proc/self/fd/${fd}` }
  }

  #evict(): void {
    if (this.#open.size <= OPEN_MAX) return
    const idle = [...this.#open.values()].slice(0, -1).find(({ users }) => users === 0)
    if (idle !== undefined) this.#close(idle)
  }

  #close(opened: Opened): void {
    if (this.#open.get(opened.key) === opened) this.#open.delete(opened.key)
    const closing = syncAndClose(opened).catch((cause: unknown) => {
      this.#faults.push(cause)
    })
    this.#syncing.add(closing)
    void closing.finally(() => this.#syncing.delete(closing))
  }
}

function makeDirectory(path: string, mode: number): void {
  try {
    mkdirSync(path, mode)
  } catch (cause) {
    if (!hasErrno(cause, 'EEXIST')) throw cause
  }
}

async function syncAndClose({ fd, path, isTouched }: Opened): Promise<void> {
  if (!isTouched) {
    if (fd !== null) closeSync(fd)
    return
  }
  let open: number | null = fd
  try {
    open ??= openSync(path, DIRECTORY_FLAGS)
    await syncFd(open)
  } catch (cause) {
    // Windows syncs no directories, and one that is gone needs none.
    if (fd !== null || !hasErrno(cause, 'EPERM', 'EISDIR', 'EACCES', 'ENOENT')) throw cause
  } finally {
    if (open !== null) closeSync(open)
  }
}

function lookAtEach(root: string, names: readonly string[]): void {
  let path = root
  for (const name of names) {
    path = join(path, name)
    if (!lstatSync(path).isDirectory()) throw new TreeError('changed', `${path} is no directory`)
  }
}

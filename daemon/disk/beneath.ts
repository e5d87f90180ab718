/**
 * Opening what lies below a root without following a symbolic link on the way, even one that is put there meanwhile. On Linux each
 * directory is opened from the one above through `/proc/self/fd`; elsewhere each component is looked at first.
 */

import { closeSync, constants, lstatSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { TreeError } from './disk-error.ts'

const HAS_PROC = process.platform === 'linux'
/** Windows knows none of the flags after the first: there they are undefined, and add nothing. */
const DIRECTORY_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
export const FILE_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** An open directory; `child` is a path that reaches a name in it, whatever is renamed above. */
export interface OpenDirectory extends Disposable {
  /** A path of the directory itself. */
  readonly path: string
  child(name: string): string
}

/** @param names disk names from the root down. @throws system errors: ENOENT, ENOTDIR, ELOOP, EACCES. */
export function openDirectoryBeneath(root: string, names: readonly string[]): OpenDirectory {
  return HAS_PROC ? openThroughProc(root, names) : openChecked(root, names)
}

function openThroughProc(root: string, names: readonly string[]): OpenDirectory {
  let fd = openSync(root, DIRECTORY_FLAGS)
  for (const name of names) {
    try {
      const next = openSync(`/proc/self/fd/${fd}/${name}`, DIRECTORY_FLAGS)
      closeSync(fd)
      fd = next
    } catch (cause) {
      closeSync(fd)
      throw cause
    }
  }
  const path = `/proc/self/fd/${fd}`
  return { path, child: (name) => `${path}/${name}`, [Symbol.dispose]: () => closeSync(fd) }
}

function openChecked(root: string, names: readonly string[]): OpenDirectory {
  let path = root
  for (const name of names) {
    path = join(path, name)
    if (!lstatSync(path).isDirectory()) throw new TreeError('changed', `${path} is no directory`)
  }
  return { path, child: (name) => join(path, name), [Symbol.dispose]: () => undefined }
}

/** Stays open as long as files of the same directory are asked for. */
export class LastDirectory implements Disposable {
  readonly #root: string
  #onDisk = ''
  #opened: OpenDirectory | undefined

  constructor(root: string) {
    this.#root = root
  }

  /** How a file is reached. @throws what `openDirectoryBeneath` throws. */
  place(onDisk: string): string {
    const slash = onDisk.lastIndexOf('/')
    const directory = slash < 0 ? '' : onDisk.slice(0, slash)
    if (this.#opened === undefined || this.#onDisk !== directory) {
      this[Symbol.dispose]()
      this.#opened = openDirectoryBeneath(this.#root, directory === '' ? [] : directory.split('/'))
      this.#onDisk = directory
    }
    return this.#opened.child(onDisk.slice(slash + 1))
  }

  [Symbol.dispose](): void {
    this.#opened?.[Symbol.dispose]()
    this.#opened = undefined
  }
}

/** A file of a folder as a thread of another room reads it. */

import { closeSync, fstatSync, openSync } from 'node:fs'
import type { FileSource } from '../fine-port.ts'
import { FILE_FLAGS, LastDirectory } from './beneath.ts'
import { TreeError, hasErrno } from './disk-error.ts'
import { fingerprintOf } from './fingerprint.ts'
import { readFully } from './read-fully.ts'

/** An open file. */
export interface OpenSource extends Disposable {
  /** Whether it is what it was. */
  isSame(): boolean
  /** Fills all of `bytes`; false where it cannot be read, or not so far. */
  read(bytes: Uint8Array, position: number): boolean
}

/** Undefined where it is not there as it was. @throws system errors */
export function openSource({ root, onDisk, fingerprint }: FileSource): OpenSource | undefined {
  using directory = new LastDirectory(root)
  try {
    const fd = openSync(directory.place(onDisk), FILE_FLAGS)
    const source: OpenSource = {
      isSame: () => fingerprintOf(fstatSync(fd, { bigint: true })) === fingerprint,
      read: (bytes, position) => canRead(fd, bytes, position),
      [Symbol.dispose]: () => closeSync(fd),
    }
    if (source.isSame()) return source
    source[Symbol.dispose]()
    return undefined
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES') || cause instanceof TreeError) return undefined
    throw cause
  }
}

/** What the disk does not give is not there as it was: the bytes come from another device instead. */
function canRead(fd: number, bytes: Uint8Array, position: number): boolean {
  try {
    return readFully(fd, bytes, position)
  } catch (cause) {
    if (hasErrno(cause, 'EIO')) return false
    throw cause
  }
}

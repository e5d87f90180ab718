/** The `StateFiles` port in a directory that nobody else can read: temporary file, sync, rename, sync of the directory. */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { StateFiles } from '../ports.ts'
import { hasErrno } from './disk-error.ts'
import { StateError } from './state-error.ts'

const DIRECTORY_MODE = 0o700
const FILE_MODE = 0o600
/** Any right of group or others. */
const OTHERS_MASK = 0o077
const NEW_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
/** No name begins like this. */
const TEMPORARY = '.new-'
/** Parts joined by `/`; none begins with a dot. */
const NAME = /^(?!\.)[\w.@+=-]+(?:\/(?!\.)[\w.@+=-]+)*$/

/**
 * @param directory made when it is missing; what a crash left of a write is removed.
 * @throws StateError `exposed` when others have any right to the directory or to a file in it.
 */
export async function openStateFiles(directory: string): Promise<StateFiles> {
  await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE })
  await checkPrivate(directory, directory)
  for (const name of await namesBelow(directory)) {
    if (isTemporary(name)) await rm(join(directory, name), { force: true })
    else await checkPrivate(directory, join(directory, name))
  }
  const writes = new Map<string, Promise<void>>()
  return {
    async read(name) {
      try {
        return new Uint8Array(await readFile(placeOf(directory, name)))
      } catch (cause) {
        if (hasErrno(cause, 'ENOENT', 'ENOTDIR')) return undefined
        throw cause
      }
    },
    write: (name, bytes) => {
      const copy = bytes.slice()
      return inOrder(writes, name, () => replaceFile(directory, placeOf(directory, name), copy))
    },
    remove: (name) => inOrder(writes, name, () => removeFile(placeOf(directory, name))),
    async list(prefix) {
      const names = await namesBelow(directory)
      return names.filter((name) => !isTemporary(name) && name.startsWith(prefix)).sort()
    },
  }
}

async function checkPrivate(directory: string, path: string): Promise<void> {
  // Windows has no such rights: what lies in a user's profile is the user's.
  if (process.platform === 'win32' || ((await lstat(path)).mode & OTHERS_MASK) === 0) return
  const fix = `chmod -R go= '${directory.replaceAll("'", String.raw`'\''`)}'`
  throw new StateError('exposed', `Others on this machine can read ${path}, where Holt's keys lie. Run: ${fix}`)
}

function placeOf(directory: string, name: string): string {
  assert.match(name, NAME, 'a name of a state file')
  return join(directory, ...name.split('/'))
}

function isTemporary(name: string): boolean {
  return name.slice(name.lastIndexOf('/') + 1).startsWith(TEMPORARY)
}

/** Changes of one file come one after another, so that the last one asked for stands. */
function inOrder(writes: Map<string, Promise<void>>, name: string, change: () => Promise<void>): Promise<void> {
  const done = (writes.get(name) ?? Promise.resolve()).then(change)
  const settled = done.catch(() => undefined)
  writes.set(name, settled)
  void settled.then(() => {
    if (writes.get(name) === settled) writes.delete(name)
  })
  return done
}

async function replaceFile(root: string, path: string, bytes: Uint8Array): Promise<void> {
  await makeDirectories(root, dirname(path))
  const temporary = join(dirname(path), TEMPORARY + randomUUID())
  try {
    await writeSynced(temporary, bytes)
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw cause
  }
  await syncDirectory(dirname(path))
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, NEW_FLAGS, FILE_MODE)
  await file.writeFile(bytes)
  await file.sync()
}

async function makeDirectories(root: string, directory: string): Promise<void> {
  if (directory === root) return
  await makeDirectories(root, dirname(directory))
  try {
    await mkdir(directory, DIRECTORY_MODE)
  } catch (cause) {
    if (hasErrno(cause, 'EEXIST')) return
    throw cause
  }
  await syncDirectory(dirname(directory))
}

async function removeFile(path: string): Promise<void> {
  try {
    await rm(path)
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT', 'ENOTDIR')) return
    throw cause
  }
  await syncDirectory(dirname(path))
}

/** Names of all files, temporary ones too. */
async function namesBelow(directory: string, prefix = ''): Promise<string[]> {
  const names: string[] = []
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const name = prefix + entry.name
    if (entry.isDirectory()) names.push(...(await namesBelow(join(directory, entry.name), `${name}/`)))
    else if (entry.isFile()) names.push(name)
  }
  return names
}

async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  await using directory = await open(path, constants.O_RDONLY)
  await directory.sync()
}

/**
 * Copies of group logs in the root of a folder: `.holt/group/<group id>`, one file a group. With the recovery words, the disk of
 * a dead device is then enough to be in the group again. They contain names and public keys, and nothing secret.
 */

import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { FolderId, GroupId } from '../../protocol/ids.ts'
import { parseGroupId } from '../../protocol/ids.ts'
import { HOLT_DIRECTORY } from '../../protocol/path.ts'
import { hasErrno } from './disk-error.ts'
import { rootState } from './file-tree.ts'

const DIRECTORY = 'group'
const DIRECTORY_MODE = 0o700
const FILE_MODE = 0o600
/** A root passes through few groups; what lies there may be of anybody. */
const COPIES_READ_MAX = 32
/** A full log of operations of usual size. */
const COPY_BYTES_MAX = 16 * 1024 * 1024
const NEW_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW

/**
 * Replaces the copy whole; copies of other groups stay. When it resolves, the copy survives a power cut.
 * @returns false where the root is not there, or not the folder's. @throws an error of the system
 */
export async function writeGroupCopy(
  root: string,
  folder: FolderId,
  group: GroupId,
  bytes: Uint8Array,
): Promise<boolean> {
  if ((await rootState(root, folder)) !== 'ok') return false
  const directory = join(root, HOLT_DIRECTORY, DIRECTORY)
  await makeDirectory(directory)
  const temporary = join(directory, `new-${randomUUID()}`)
  try {
    await using file = await open(temporary, NEW_FLAGS, FILE_MODE)
    await file.writeFile(bytes)
    await file.sync()
    await rename(temporary, join(directory, group))
  } catch (cause) {
    await rm(temporary, { force: true })
    throw cause
  }
  await syncDirectory(directory)
  return true
}

/** What lies below a directory that is, or was, the root of a folder, as it is. Empty where there is nothing to read. */
export async function readGroupCopies(root: string): Promise<Uint8Array[]> {
  const directory = join(root, HOLT_DIRECTORY, DIRECTORY)
  const names = await readdir(directory).catch(absent)
  const copies: Uint8Array[] = []
  for (const name of (names ?? []).filter(isGroupId).slice(0, COPIES_READ_MAX)) {
    const bytes = await readCopy(join(directory, name)).catch(absent)
    if (bytes !== undefined) copies.push(bytes)
  }
  return copies
}

async function readCopy(path: string): Promise<Uint8Array | undefined> {
  await using file = await open(path, READ_FLAGS)
  const stats = await file.stat()
  if (!stats.isFile() || stats.size > COPY_BYTES_MAX) return undefined
  return new Uint8Array(await file.readFile())
}

function isGroupId(name: string): boolean {
  try {
    parseGroupId(name)
    return true
  } catch {
    return false
  }
}

/** What is there and is no directory is somebody else's, and not followed. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, DIRECTORY_MODE)
  } catch (cause) {
    if (!hasErrno(cause, 'EEXIST') || !(await lstat(path)).isDirectory()) throw cause
  }
}

function absent(cause: unknown): undefined {
  if (!hasErrno(cause, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'EISDIR')) throw cause
}

async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  await using directory = await open(path, constants.O_RDONLY)
  await directory.sync()
}

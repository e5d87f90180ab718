/** Making a directory the root of a folder, and finding out what its file system can hold. */

import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { chmod, lstat, mkdir, open, readFile, realpath, rm, stat, statfs, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { FolderId } from '../../protocol/ids.ts'
import { HOLT_DIRECTORY } from '../../protocol/path.ts'
import type { RootTraits } from '../ports.ts'
import { incomingDirectory, markerFile, versionsDirectory } from './context.ts'
import { TreeError, hasErrno, toTreeError } from './disk-error.ts'

const HOLT_MODE = 0o700
const MARKER_MODE = 0o600

/**
 * Makes the last component of the path if it is missing, and marks it as the folder's root; a root of the same folder is taken
 * over as it is. When it resolves, the mark survives a power cut.
 * @throws TreeError `missing-parent`, `not-a-directory`, `already-marked`, `read-only`, `denied`, `no-space`, `io`
 */
export async function createRoot({ path, folder }: { path: string; folder: FolderId }): Promise<RootTraits> {
  try {
    const root = await makeRoot(resolve(path))
    await checkUnmarked(root, folder)
    await mark(root, folder)
    return await probeTraits(root)
  } catch (cause) {
    throw toTreeError(cause, path)
  }
}

/** What the file system below a marked root can hold. @throws TreeError `missing`, `read-only`, `denied`, `no-space`, `io` */
export async function probeTraits(path: string): Promise<RootTraits> {
  try {
    const { blocks, bsize } = await statfs(path)
    const probe = join(path, HOLT_DIRECTORY, `probe-${randomUUID()}`)
    await mkdir(probe, HOLT_MODE)
    try {
      return { ...(await tryOut(probe)), volumeBytes: blocks * bsize }
    } finally {
      await rm(probe, { recursive: true, force: true })
    }
  } catch (cause) {
    throw toTreeError(cause, path)
  }
}

async function makeRoot(path: string): Promise<string> {
  try {
    await mkdir(path)
    await syncDirectory(dirname(path))
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT')) {
      throw new TreeError('missing-parent', `${dirname(path)} is not there: make it first`, { cause })
    }
    if (hasErrno(cause, 'ENOTDIR')) throw notADirectory(dirname(path), cause)
    // Some systems say that the disk is read-only, or that this user may not, before they look whether it is there.
    if (!hasErrno(cause, 'EEXIST') && !(await isDirectory(path))) throw cause
  }
  if (!(await isDirectory(path))) throw notADirectory(path)
  return await realpath(path)
}

function notADirectory(path: string, cause?: unknown): TreeError {
  return new TreeError('not-a-directory', `${path} is not a directory`, { cause })
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT')) return false
    throw cause
  }
}

/** Nothing is changed in the root of another folder. */
async function checkUnmarked(root: string, folder: FolderId): Promise<void> {
  const marker = await readMarker(root)
  if (marker === undefined || marker === folder) return
  throw new TreeError('already-marked', `${root} is the root of another folder`)
}

async function readMarker(root: string): Promise<string | undefined> {
  try {
    const text = (await readFile(markerFile(root), 'utf8')).trim()
    // A power cut while it was marked leaves an empty marker.
    return text === '' ? undefined : text
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT')) return undefined
    if (hasErrno(cause, 'ENOTDIR', 'EISDIR', 'ELOOP')) throw notADirectory(join(root, HOLT_DIRECTORY), cause)
    throw cause
  }
}

async function mark(root: string, folder: FolderId): Promise<void> {
  for (const directory of [join(root, HOLT_DIRECTORY), incomingDirectory(root), versionsDirectory(root)]) {
    await makeOwnDirectory(directory)
  }
  const marker = await open(
    markerFile(root),
    constants.O_CREAT | constants.O_WRONLY | constants.O_NOFOLLOW,
    MARKER_MODE,
  )
  try {
    const { bytesWritten } = await marker.write(`${folder}\n`, 0)
    await marker.truncate(bytesWritten)
    await marker.sync()
  } finally {
    await marker.close()
  }
  await syncDirectory(join(root, HOLT_DIRECTORY))
  await syncDirectory(root)
}

/** What is there already, and is a directory and no symbolic link, is taken. */
async function makeOwnDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, HOLT_MODE)
  } catch (cause) {
    if (!hasErrno(cause, 'EEXIST')) throw cause
    if (!(await lstat(path)).isDirectory()) throw notADirectory(path, cause)
  }
}

async function tryOut(directory: string): Promise<Omit<RootTraits, 'volumeBytes'>> {
  const file = join(directory, 'Case')
  await writeFile(file, '', { mode: 0o600 })
  return {
    caseSensitive: !(await isThere(join(directory, 'cASE'))),
    executableBit: await holdsExecutableBit(file),
    symlinks: await holdsSymlinks(join(directory, 'link')),
    windowsNames: process.platform === 'win32' || !(await takesName(join(directory, 'a?b:'))),
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT')) return false
    throw cause
  }
}

async function holdsExecutableBit(file: string): Promise<boolean> {
  try {
    for (const mode of [0o700, 0o600]) {
      await chmod(file, mode)
      if (((await stat(file)).mode & 0o777) !== mode) return false
    }
    return true
  } catch (cause) {
    if (hasErrno(cause, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP')) return false
    throw cause
  }
}

/** FAT and NTFS refuse such a name under any system. */
async function takesName(path: string): Promise<boolean> {
  try {
    await writeFile(path, '', { mode: 0o600 })
    return true
  } catch (cause) {
    if (hasErrno(cause, 'EINVAL', 'ENOENT', 'EACCES', 'EPERM')) return false
    throw cause
  }
}

async function holdsSymlinks(path: string): Promise<boolean> {
  try {
    await symlink('target', path)
    return (await lstat(path)).isSymbolicLink()
  } catch (cause) {
    if (hasErrno(cause, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EACCES')) return false
    throw cause
  }
}

async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const directory = await open(path, constants.O_RDONLY)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

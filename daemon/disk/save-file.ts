/** A file or link of its own somewhere on this machine, durable and whole: never half of it, never over another. */

import { randomUUID } from 'node:crypto'
import { link, lstat, mkdir, open, rename, rm, symlink, utimes } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { AbortOptions } from '../ports.ts'
import type { SavedContent } from '../versions-port.ts'
import { hasErrno, toTreeError } from './disk-error.ts'

/** Given what the umask takes away. */
const [FILE_MODE, EXECUTABLE_MODE] = [0o666, 0o777]
/** Characters of the name that a temporary file shows. */
const NAME_CHARACTERS = 40

/** Makes the directories above it. @throws TreeError */
export async function saveFile(
  path: string,
  content: SavedContent,
  o: AbortOptions & { readonly overwrite: boolean },
): Promise<'saved' | 'exists'> {
  try {
    await mkdir(dirname(path), { recursive: true })
    const temporary = join(dirname(path), `.${basename(path).slice(0, NAME_CHARACTERS)}.${randomUUID().slice(0, 8)}`)
    try {
      await write(temporary, content, o)
      return await take(temporary, path, o.overwrite)
    } finally {
      await rm(temporary, { force: true })
    }
  } catch (cause) {
    if (o.signal.aborted) throw cause
    throw toTreeError(cause, `${path} could not be written`)
  }
}

async function write(path: string, content: SavedContent, { signal }: AbortOptions): Promise<void> {
  if (content.kind === 'symlink') {
    await symlink(content.target, path)
    return
  }
  {
    await using file = await open(path, 'wx', content.executable ? EXECUTABLE_MODE : FILE_MODE)
    for await (const piece of content.bytes) {
      signal.throwIfAborted()
      await file.writeFile(piece)
    }
    await file.sync()
  }
  const seconds = content.mtimeMs / 1000
  await utimes(path, seconds, seconds)
}

async function take(temporary: string, path: string, overwrite: boolean): Promise<'saved' | 'exists'> {
  if (overwrite) {
    await rename(temporary, path)
  } else {
    try {
      await link(temporary, path)
    } catch (cause) {
      if (hasErrno(cause, 'EEXIST')) return 'exists'
      // Some file systems have no hard links.
      if (!hasErrno(cause, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP')) throw cause
      if ((await lstat(path).catch(() => undefined)) !== undefined) return 'exists'
      await rename(temporary, path)
    }
  }
  await syncDirectory(dirname(path))
  return 'saved'
}

async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  await using directory = await open(path, 'r')
  await directory.sync()
}

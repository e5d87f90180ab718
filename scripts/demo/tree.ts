/** What is in a folder, told apart to the last byte. */

import { createHash } from 'node:crypto'
import { readFile, readdir, readlink, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'

/** Path → what is there: `directory`, a link's target, or the SHA-256 of a file and whether it can be run. Without `.holt`. */
export async function readTree(root: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const tree = new Map<string, string>()
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name)
    const name = relative(root, path).normalize('NFC')
    if (name.split('/')[0] === '.holt') continue
    if (entry.isDirectory()) tree.set(name, 'directory')
    else if (entry.isSymbolicLink()) tree.set(name, `link to ${await readlink(path)}`)
    else tree.set(name, await describeFile(path))
  }
  return new Map([...tree].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** SHA-256 of all of it: equal where every path, content, link and executable bit is equal. */
export function digestOf(tree: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256')
  for (const [path, what] of tree) hash.update(`${path}\0${what}\0`)
  return hash.digest('hex')
}

async function describeFile(path: string): Promise<string> {
  const { mode } = await stat(path)
  const hash = createHash('sha256').update(await readFile(path))
  return `${hash.digest('hex')}${(mode & 0o100) === 0 ? '' : ' executable'}`
}

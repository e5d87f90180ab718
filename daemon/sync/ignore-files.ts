/** The ignore files of a folder, as they are found on the disk. */

import { childOf, nameOf } from '../../protocol/path.ts'
import type { IgnoreFile } from '../core/ignore.ts'
import { IGNORE_FILES, IGNORE_FILE_BYTES_MAX, createIgnoreRules, parseIgnoreFile } from '../core/ignore.ts'
import type { DirectoryListing } from '../ports.ts'
import type { Folder } from './folder.ts'

/** Reads those of a directory again; cheap where there are none. @returns whether the rules are others now. */
export async function readIgnoreFiles(folder: Folder, listing: DirectoryListing): Promise<boolean> {
  const names = new Set(listing.entries.map((entry) => (entry.kind === 'file' ? nameOf(entry.path) : '')))
  const known = folder.ignoreFiles.get(listing.directory) ?? []
  const files: IgnoreFile[] = []
  for (const name of IGNORE_FILES) {
    if (!names.has(name)) continue
    const path = childOf(listing.directory, name)
    const text = (await folder.tree.readSmall(path, IGNORE_FILE_BYTES_MAX)) ?? ''
    files.push(known.find((file) => file.path === path && file.text === text) ?? parseIgnoreFile(path, text))
  }
  if (files.length === known.length && files.every((file, i) => file === known[i])) return false
  if (files.length === 0) folder.ignoreFiles.delete(listing.directory)
  else folder.ignoreFiles.set(listing.directory, files)
  folder.rules = createIgnoreRules(folder.ignoreFiles)
  return true
}

/** `.holtignore`: git's pattern rules, at any level of a folder. */

import ignore from 'ignore'
import type { Ignore } from 'ignore'
import type { DirPath, RelPath } from '../../protocol/path.ts'
import { ROOT, ancestorsOf, parentOf } from '../../protocol/path.ts'

/** In rising order of precedence within one directory. */
export const IGNORE_FILES = ['.syncignore', '.holtignore'] as const
/** The largest ignore file that is read, in bytes. */
export const IGNORE_FILE_BYTES_MAX = 1024 * 1024

export interface IgnoreRules {
  /** Whether a path, or any directory above it, is ignored. */
  ignores(path: RelPath, isDirectory: boolean): boolean
}

/** @param files the text of the ignore files of each directory that has any, joined in rising precedence. */
export function createIgnoreRules(files: ReadonlyMap<DirPath, string>): IgnoreRules {
  if (files.size === 0) return { ignores: () => false }
  const levels = new Map<DirPath, Ignore>()
  for (const [directory, text] of files) levels.set(directory, ignore({ allowRelativePaths: true }).add(text))
  const directories = new Map<RelPath, boolean>()
  const isDirectoryIgnored = (directory: RelPath): boolean => {
    const known = directories.get(directory)
    if (known !== undefined) return known
    const isIgnored = matches(directory, true, levels)
    directories.set(directory, isIgnored)
    return isIgnored
  }
  return {
    ignores: (path, isDirectory) => ancestorsOf(path).some(isDirectoryIgnored) || matches(path, isDirectory, levels),
  }
}

/** The nearest level that says anything decides. */
function matches(path: RelPath, isDirectory: boolean, levels: ReadonlyMap<DirPath, Ignore>): boolean {
  for (let directory: DirPath = parentOf(path); ; directory = parentOf(directory)) {
    const level = levels.get(directory)
    if (level !== undefined) {
      const below = directory === ROOT ? path : path.slice(directory.length + 1)
      const result = level.test(isDirectory ? `${below}/` : below)
      if (result.ignored) return true
      if (result.unignored) return false
    }
    if (directory === ROOT) return false
  }
}

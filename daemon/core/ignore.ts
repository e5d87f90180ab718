/** `.holtignore`: git's pattern rules, at any level of a folder. */

import ignore from 'ignore'
import type { DirPath, RelPath } from '../../protocol/path.ts'
import { ROOT } from '../../protocol/path.ts'

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
  // The last pattern that fits decides, so those of deeper directories come later.
  const byDepth = [...files].toSorted(([a], [b]) => depthOf(a) - depthOf(b))
  const rules = ignore({ allowRelativePaths: true }).add(
    byDepth.flatMap(([directory, text]) => seenFromRoot(directory, text)),
  )
  return { ignores: (path, isDirectory) => rules.ignores(isDirectory ? `${path}/` : path) }
}

function depthOf(directory: DirPath): number {
  return directory === ROOT ? 0 : directory.split('/').length
}

/** The patterns of a directory's file, as its root would write them. */
function seenFromRoot(directory: DirPath, text: string): readonly string[] {
  const lines = text.split(/\r?\n/)
  if (directory === ROOT) return lines
  const prefix = directory.replaceAll(/[\\*?[\]!# ]/g, '\\$&')
  return lines.filter(isPattern).map((line) => {
    const isNegated = line.startsWith('!')
    const pattern = isNegated ? line.slice(1) : line
    // A slash but the last one ties a pattern to its directory.
    const isTied = pattern.slice(0, -1).includes('/')
    return `${isNegated ? '!' : ''}/${prefix}/${isTied ? pattern.replace(/^\//, '') : `**/${pattern}`}`
  })
}

function isPattern(line: string): boolean {
  return line.trim() !== '' && !line.startsWith('#') && !/^!?\/\s*$/.test(line)
}

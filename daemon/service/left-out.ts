/** What leaves a path out on this device, and where that is written. */

import type { RelPath } from '../../protocol/path.ts'
import type { PathFacts } from '../core/obstacles.ts'
import type { Folder } from '../sync/folder.ts'

/** Undefined where nothing does. */
export function exclusionOf({ rules, selection }: Folder, path: RelPath, isDirectory: boolean): PathFacts['exclusion'] {
  const line = rules.explain(path, isDirectory)
  if (line !== undefined) {
    const where = `Line ${line.line} of ${line.file} (${line.pattern})`
    return { state: 'ignored', sentence: `${where} ignores it: it is neither sent nor fetched here, nor deleted.` }
  }
  const leftOut = selection.explain(path, isDirectory)
  if (leftOut === undefined) return undefined
  const why =
    leftOut.kind === 'excluded'
      ? `the pattern ${leftOut.pattern} excludes it`
      : 'no pattern of what is to be included fits'
  return { state: 'left-out', sentence: `This device leaves it out: ${why}. \`holt folder set\` changes that.` }
}

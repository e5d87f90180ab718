/**
 * Paths of a folder are NFC; the names on the disk need not be. Remembers the name on the disk where it differs, as scans find
 * them; a name that is not remembered is on the disk as it is in the path.
 */

import type { DirPath, RelPath } from '../../protocol/path.ts'
import { ROOT, nameOf, parentOf } from '../../protocol/path.ts'

/** The names of a directory that differ on the disk. */
export type NamedDirectory = readonly [DirPath, ReadonlyMap<RelPath, string>]

export class DiskNames {
  /** By the directory that they are in. */
  readonly #names: Map<DirPath, Map<RelPath, string>>

  constructor(known: readonly NamedDirectory[] = []) {
    this.#names = new Map(known.map(([directory, differing]) => [directory, new Map(differing)]))
  }

  /** What is known of the directories that lead to some paths: enough for another `DiskNames` to reach them. */
  leadingTo(paths: Iterable<RelPath>): NamedDirectory[] {
    if (this.#names.size === 0) return []
    const directories = new Set<DirPath>()
    for (const path of paths) {
      for (let at: DirPath = path; at !== ROOT && !directories.has(parentOf(at)); at = parentOf(at)) {
        directories.add(parentOf(at))
      }
    }
    return [...directories].flatMap((directory) => {
      const differing = this.#names.get(directory)
      return differing === undefined ? [] : [[directory, differing] as const]
    })
  }

  /** What a scan found in a directory: paths whose names on the disk differ. Replaces what was known of the directory. */
  setDirectory(directory: DirPath, differing: ReadonlyMap<RelPath, string>): void {
    if (differing.size > 0) this.#names.set(directory, new Map(differing))
    else this.#names.delete(directory)
  }

  /** The names on the disk from the root down to a path. */
  components(path: DirPath): string[] {
    if (path === ROOT) return []
    if (this.#names.size === 0) return path.split('/')
    const names: string[] = []
    for (let at: DirPath = path; at !== ROOT; at = parentOf(at)) names.unshift(this.nameOnDisk(at))
    return names
  }

  /** The same, joined by `/`. */
  onDisk(path: DirPath): string {
    return this.#names.size === 0 ? path : this.components(path).join('/')
  }

  nameOnDisk(path: RelPath): string {
    return this.#names.get(parentOf(path))?.get(path) ?? nameOf(path)
  }

  /** A path got a new name by our own doing: it is on the disk as it is in the path. */
  forget(path: RelPath): void {
    this.#names.get(parentOf(path))?.delete(path)
  }
}

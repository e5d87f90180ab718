/**
 * Paths of a folder are NFC; the names on the disk need not be. Remembers the name on the disk where it differs, as scans find
 * them; a name that is not remembered is on the disk as it is in the path.
 */

import type { DirPath, RelPath } from '../../protocol/path.ts'
import { ROOT, nameOf, parentOf } from '../../protocol/path.ts'

export class DiskNames {
  readonly #names = new Map<RelPath, string>()

  /** What a scan found in a directory: paths whose names on the disk differ. Replaces what was known of the directory. */
  setDirectory(directory: DirPath, differing: ReadonlyMap<RelPath, string>): void {
    for (const path of this.#names.keys()) if (parentOf(path) === directory) this.#names.delete(path)
    for (const [path, name] of differing) this.#names.set(path, name)
  }

  /** The names on the disk from the root down to a path. */
  components(path: DirPath): string[] {
    if (path === ROOT) return []
    if (this.#names.size === 0) return path.split('/')
    const names: string[] = []
    for (let at: DirPath = path; at !== ROOT; at = parentOf(at)) names.unshift(this.nameOnDisk(at))
    return names
  }

  nameOnDisk(path: RelPath): string {
    return this.#names.get(path) ?? nameOf(path)
  }

  /** A path got a new name by our own doing: it is on the disk as it is in the path. */
  forget(path: RelPath): void {
    this.#names.delete(path)
  }
}

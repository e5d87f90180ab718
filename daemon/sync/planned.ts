/**
 * New files that are decided and only lack their bytes. Once these have come, they are placed as they were planned: what has changed
 * here meanwhile the step sees by itself; what others have said meanwhile makes the path dirty, and is decided then.
 */

import type { BlobHash } from '../../protocol/ids.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { DirtyPath } from '../catalogue-port.ts'
import type { Target } from '../core/plan.ts'

export interface PlannedFile {
  readonly dirty: DirtyPath
  readonly hash: BlobHash
  readonly target: Target
}

export class PlannedFiles {
  /** Files that lack a blob. */
  readonly #lacking = new Map<BlobHash, readonly PlannedFile[]>()
  /** Blobs that other paths wait for, too: with them all is decided anew. */
  readonly #shared = new Set<BlobHash>()
  #arrived: PlannedFile[] = []

  get hasArrived(): boolean {
    return this.#arrived.length > 0
  }

  add(file: PlannedFile): void {
    this.#lacking.set(file.hash, [...(this.#lacking.get(file.hash) ?? []), file])
  }

  /** A path waits for blobs, and not for them alone. */
  share(hashes: readonly BlobHash[]): void {
    for (const hash of hashes) this.#shared.add(hash)
  }

  /** The path is decided anew. */
  drop(path: RelPath, hashes: readonly BlobHash[]): void {
    for (const hash of hashes) {
      const left = this.#lacking.get(hash)?.filter(({ dirty }) => dirty.path !== path) ?? []
      if (left.length > 0) this.#lacking.set(hash, left)
      else this.#lacking.delete(hash)
    }
  }

  /** A blob is here. @returns whether nothing is to be decided anew: files only lacked it. */
  landed(hash: BlobHash): boolean {
    const files = this.#lacking.get(hash)
    this.#lacking.delete(hash)
    if (this.#shared.delete(hash) || files === undefined) return false
    this.#arrived.push(...files)
    return true
  }

  /** So many of those that can be placed, at most; they are planned no longer. */
  take(limit: number): readonly PlannedFile[] {
    return this.#arrived.splice(0, limit)
  }

  /** All is to be decided anew. */
  clear(): void {
    this.#lacking.clear()
    this.#shared.clear()
    this.#arrived = []
  }
}

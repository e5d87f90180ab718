/** What this device has of an older content of a file that it pulls: the file that the new one will replace. */

import type { BlobRef, ChunkList } from '../../protocol/chunks.ts'
import type { FolderId } from '../../protocol/ids.ts'
import type { CatalogueReader } from '../catalogue-port.ts'
import type { FileSource } from '../fine-port.ts'
import type { AbortOptions, ByteRange, FileTree } from '../ports.ts'

/** Paths of the new content at which an older one is looked for. */
const PATHS_MAX = 4

export interface DeltaBase {
  readonly sizeBytes: number
  /** Undefined: not known, or of one chunk. */
  readonly list: ChunkList | undefined
  readonly source: FileSource
  /** @throws an error of code `changed` where the bytes are not there as they were */
  cut(range: ByteRange, averageBits: number, o: AbortOptions): AsyncIterable<Uint8Array>
}

/** The largest file of this device at a path where others have the new content. */
export function baseOf(tx: CatalogueReader, folder: FolderId, tree: FileTree, blob: BlobRef): DeltaBase | undefined {
  let best: DeltaBase | undefined
  for (const path of tx.pathsOf(folder, blob.hash, PATHS_MAX)) {
    const own = tx.own(folder, path)
    const content = own?.entry.content
    const expect = own?.fingerprint ?? null
    if (content?.kind !== 'file' || expect === null || content.sizeBytes <= (best?.sizeBytes ?? 0)) continue
    if (content.hash === blob.hash) continue
    best = {
      sizeBytes: content.sizeBytes,
      list: content.chunks === null ? undefined : tx.chunkList(content.chunks),
      source: tree.source(path, expect),
      cut: (range, averageBits, { signal }) => tree.cut(path, { range, averageBits, expect, signal }),
    }
  }
  return best
}

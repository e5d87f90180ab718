/** Collect: what nobody needs any more. Kept versions past their time, and blobs that came and that nothing waits for. */

import type { RetentionRule } from '../core/retention.ts'
import { expired } from '../core/retention.ts'
import type { AbortOptions } from '../ports.ts'
import type { Folder } from './folder.ts'
import { keptRecords } from './kept.ts'
import { rootHalt } from './root-halt.ts'

/** A part that did not grow for so long is of a blob that nobody has any more; in milliseconds. */
const PART_LIFE_MS = 7 * 24 * 60 * 60 * 1000

export async function collect(folder: Folder, rule: RetentionRule, o: AbortOptions): Promise<void> {
  if ((await rootHalt(folder)) !== null) return
  // What a batch has moved aside may have to go back: nothing is dropped in the middle of one.
  await folder.changing.use(() => collectVersions(folder, rule))
  await collectBlobs(folder, o)
}

async function collectVersions(folder: Folder, rule: RetentionRule): Promise<void> {
  const { clock, log } = folder.deps
  const names = expired(await keptRecords(folder), rule, clock.wallMs(), folder.tree.traits.volumeBytes)
  if (names.size === 0) return
  await folder.tree.dropVersions(names)
  log.event('versions.dropped', { folder: folder.id, count: names.size })
}

async function collectBlobs(folder: Folder, o: AbortOptions): Promise<void> {
  const wanted = new Set([...folder.waiting.values()].flat())
  for await (const { hash, isWhole, mtimeMs } of folder.incoming.list(o)) {
    if (wanted.has(hash) || folder.landed.has(hash)) continue
    const isOld = mtimeMs < folder.deps.clock.wallMs() - PART_LIFE_MS
    if (!isWhole && !isOld) continue
    await folder.incoming.delete(hash)
  }
}

/** The draft of a new epoch: made in small steps, while edits go on. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compactLoop } from '../../daemon/sync/compact.ts'
import { publish } from '../../daemon/sync/publish.ts'
import { stateDigestOf } from '../../daemon/sync/recall.ts'
import type { Entry } from '../../protocol/entry.ts'
import { openHead, openSegment } from '../../protocol/manifest.ts'
import { scaled } from '../scale.ts'
import type { LargeSide } from './large-folder.ts'
import { HERE, entryNo, observe, openSide } from './large-folder.ts'
import { FOLDER } from './scripted-log.ts'

/** Two pages of the draft. */
const FILES = 1100
/** Few changes at each of the first pauses. */
const zEdits = fc.array(fc.array(fc.nat(FILES + 20), { maxLength: 3 }), { maxLength: 8 })

/** What the segments of the own epoch say, the last word of each path. */
function replayed({ catalogue, folder }: LargeSide, epoch: number): { said: Entry[]; sizes: number[] } {
  const said = new Map<string, Entry>()
  const sizes: number[] = []
  for (const signed of catalogue.read((tx) => tx.segments(FOLDER, epoch, 0, Number.MAX_SAFE_INTEGER))) {
    const { entries } = openSegment(signed, folder.deps.crypto)
    sizes.push(entries.length)
    for (const entry of entries) said.set(entry.path, entry)
  }
  return { said: [...said.values()], sizes }
}

/** Compacts once, with these edits at its pauses. @returns the pauses that there were */
async function compactWith(side: LargeSide, edits: readonly (readonly number[])[]): Promise<number> {
  const { folder } = side
  const stop = new AbortController()
  let [pauses, edit] = [0, 100]
  side.onPause = async () => {
    edit += 1
    observe(
      side,
      (edits[pauses] ?? []).map((no) => entryNo(no, HERE, edit)),
    )
    pauses += 1
    await publish(folder)
    folder.toCompact.raise()
  }
  const host = {
    pace: { compact: { supersededMin: 10, pauseMs: 1 } },
    isHeardByAll: () => true,
    onHead: () => stop.abort(new Error('the new epoch has begun')),
  }
  folder.toCompact.raise()
  await compactLoop(folder, host, { signal: stop.signal }).catch(() => undefined)
  return pauses
}

describe('the draft of an epoch', () => {
  it('says in the end what is said then, whatever was edited while it was made, and is made in small steps', async () => {
    await fc.assert(
      fc.asyncProperty(zEdits, async (edits) => {
        const directory = mkdtempSync(join(tmpdir(), 'holt-compaction-'))
        using side = openSide(directory, HERE)
        for (const edit of [1, 2, 3]) {
          observe(
            side,
            Array.from({ length: FILES }, (_, no) => entryNo(no, HERE, edit)),
          )
          await publish(side.folder)
        }
        const before = side.catalogue.read((tx) => tx.ownHead(FOLDER))?.epoch ?? 0
        const pauses = await compactWith(side, edits)
        const head = side.catalogue.read((tx) => tx.ownHead(FOLDER))
        assert.ok(head?.signed && head.epoch > before)
        const { said, sizes } = replayed(side, head.epoch)
        const { live, digest } = side.catalogue.read((tx) => tx.totals(FOLDER))
        const { stateDigest, liveCount, lastSeq } = openHead(head.signed, side.folder.deps.crypto)
        const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
        assert.equal(hex(stateDigestOf(said, side.folder.deps.crypto)), hex(digest))
        assert.deepEqual([hex(stateDigest), liveCount, said.length], [hex(digest), live, live])
        assert.equal(
          sizes.reduce((sum, size) => sum + size, 0),
          lastSeq,
        )
        assert.ok(lastSeq < 2 * live, 'what was superseded is gone')
        assert.ok(Math.max(...sizes) <= 1024)
        assert.ok(pauses >= sizes.length, 'others had their turn after each segment')
        rmSync(directory, { recursive: true })
      }),
      { numRuns: scaled({ small: 2, full: 40 }) },
    )
  })
})

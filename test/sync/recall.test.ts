/** What another device says that one's own manifest was, against what one had signed. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Entry } from '../../protocol/entry.ts'
import { createRecall, stateDigestOf, takeRecalled } from '../../daemon/sync/recall.ts'
import { createNativeCrypto } from '../../daemon/native-crypto.ts'
import { FOLDER as BENCH_FOLDER, createFolderBench } from './folder-bench.ts'
import { FOLDER, ScriptedLog, signerFrom } from './scripted-log.ts'

const crypto = createNativeCrypto()
const [ANNA, BEN] = [signerFrom(1), signerFrom(2)]

describe('a manifest that is recalled', () => {
  it('has no entry for which its own head does not vouch', async () => {
    await using bench = createFolderBench(1)
    const place = bench.place('anna')
    await bench.until('it is held', () => place.daemon.sync.engine.folder(BENCH_FOLDER) !== undefined)
    const held = place.daemon.sync.engine.folder(BENCH_FOLDER)
    assert.ok(held !== undefined)
    const folder = { ...held, id: FOLDER, deps: { ...held.deps, crypto, signer: ANNA } }
    const log = new ScriptedLog(ANNA)
    const own: Entry = log.directory('mine')
    const slipped: Entry = { ...log.directory('slipped in'), isHeld: false }
    const head = log.head({ stateDigest: stateDigestOf([own], crypto) })
    const recall = createRecall()
    const page = { kind: 'recalled', folder: FOLDER, head, entries: [own, slipped], isLast: true } as const
    takeRecalled(recall, folder, BEN.device, page)
    assert.deepEqual(
      recall.best?.entries.map(({ path }) => path),
      ['mine'],
    )
  })
})

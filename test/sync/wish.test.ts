/** What a person chose of a path, against what is known of it by the time it is carried out. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Entry } from '../../protocol/entry.ts'
import type { Vector } from '../../protocol/vector.ts'
import { joinVectors } from '../../protocol/vector.ts'
import { wish, wished } from '../../daemon/sync/wish.ts'
import { resolverOf } from '../../daemon/sync/folder.ts'
import { FOLDER, createFolderBench } from './folder-bench.ts'

describe('a choice', () => {
  it('holds for what the person saw, and for nothing that came after it', async () => {
    await using bench = createFolderBench(1)
    const anna = bench.place('anna')
    anna.write('plan.txt', 'seen')
    await bench.until('it is recorded', () => anna.daemon.catalogue.read((tx) => tx.totals(FOLDER).live) === 1)
    const folder = anna.daemon.sync.engine.folder(FOLDER)
    assert.ok(folder !== undefined)
    const [own] = anna.daemon.catalogue.read((tx) => tx.ownChildren(FOLDER, ''))
    assert.ok(own !== undefined)
    const { entry } = own
    wish(folder, entry.path, entry)
    assert.equal(wished(folder, entry.path, entry, [], resolverOf(folder))?.reason, 'chosen')
    const version: Vector = [[bench.member('ben').id, 7]]
    const sameBytes: Entry = { ...entry, version }
    assert.equal(wished(folder, entry.path, entry, [sameBytes], resolverOf(folder))?.reason, 'chosen')
    const decided: Entry = { ...entry, version: joinVectors(entry.version, version) }
    assert.equal(wished(folder, entry.path, entry, [decided], resolverOf(folder)), undefined, 'somebody chose since')
    wish(folder, entry.path, entry)
    const unseen: Entry = { ...entry, version, content: { kind: 'deleted' } }
    assert.equal(wished(folder, entry.path, entry, [unseen], resolverOf(folder)), undefined)
    assert.equal(wished(folder, entry.path, entry, [], resolverOf(folder)), undefined, 'it is gone for good')
  })
})

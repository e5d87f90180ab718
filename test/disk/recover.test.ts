/** What only a real disk shows of recovering: names that a crash left beside each other. */

import assert from 'node:assert/strict'
import { linkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { VersionName } from '../../daemon/ports.ts'
import { TreeBench, bytesOf, hashOf, path } from '../conformance/file-tree-bench.ts'
import { openRealTree } from './real-tree.ts'

describe('recovering on the disk', () => {
  it('takes the store its name of a file that has arrived, so that an edit there cannot spoil a blob', async () => {
    await using opened = await openRealTree()
    const { identity, location } = await new TreeBench(opened).put('new')
    linkSync(location, join(opened.root, 'a'))
    const [recovered] = await opened.tree.recover([{ path: path('a'), arriving: identity, replaced: null }])
    assert.equal(recovered?.kind, 'arrived')
    assert.deepEqual(opened.hands.names('.holt/incoming'), [])
    assert.equal(opened.hands.read('a'), 'new')
    assert.equal(await opened.store.stat(hashOf(bytesOf('new'))), undefined)
  })

  it('keeps a version whose directory is gone', async () => {
    await using opened = await openRealTree()
    const bench = new TreeBench(opened)
    opened.hands.write('dir/a', 'old')
    const [fingerprint, keepAs] = [await bench.look('dir/a'), 'b-1~a' as VersionName]
    opened.hands.rename('dir/a', `.holt/versions/${keepAs}`)
    opened.hands.remove('dir')
    const replaced = { fingerprint, keepAs }
    const [recovered] = await opened.tree.recover([{ path: path('dir/a'), arriving: null, replaced }])
    assert.equal(recovered?.kind, 'as-before')
    assert.equal(await bench.versionText(keepAs), 'old')
  })

  it('removes half a log that a crash left', async () => {
    await using opened = await openRealTree()
    opened.hands.write('.holt/versions/log.new-1', '{')
    await opened.tree.recover([{ path: path('a'), arriving: null, replaced: null }])
    assert.deepEqual(opened.hands.names('.holt/versions'), [])
  })
})

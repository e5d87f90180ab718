/** The longest names and paths that a folder may have, on the real disk. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { PATH_BYTES_MAX } from '../../protocol/limits.ts'
import type { DiskEntry } from '../../daemon/ports.ts'
import type { DirPath } from '../../protocol/path.ts'
import { ROOT, ancestorsOf, parentOf, parseRelPath } from '../../protocol/path.ts'
import { TreeBench } from '../conformance/file-tree-bench.ts'
import { openRealTree } from './real-tree.ts'
import type { RealTree } from './real-tree.ts'

const { signal } = new AbortController()
const WIDEST = '😀'.repeat(63)
/** Names of the longest kind, one in another, to the last byte that a path may have. */
const DEEPEST = `${Array<string>(15).fill('d'.repeat(255)).join('/')}/${'é'.repeat(127)}/f`

describe('the longest paths on the disk', () => {
  let opened: RealTree
  let bench: TreeBench
  beforeEach(async () => {
    opened = await openRealTree()
    bench = new TreeBench(opened)
  })
  afterEach(() => opened[Symbol.asyncDispose]())

  const list = async (directory: DirPath): Promise<readonly DiskEntry[]> => {
    for await (const listing of opened.tree.scan([directory], { signal })) return listing.entries
    return []
  }

  it('are made, listed, hashed, kept as versions and removed', async () => {
    assert.equal(Buffer.byteLength(DEEPEST), PATH_BYTES_MAX)
    for (const text of [WIDEST, DEEPEST]) {
      const path = parseRelPath(text)
      assert.deepEqual(await bench.kinds(await bench.placing(text, 'first')), ['done'])
      const above: DirPath[] = [ROOT, ...ancestorsOf(path).toReversed()]
      for (const directory of above) await list(directory)
      const entry = (await list(parentOf(path))).find((each) => each.path === path)
      assert.ok(entry?.kind === 'file')
      for await (const hashed of opened.tree.hash([entry], { signal })) assert.equal(hashed.kind, 'hashed')
      const keepAs = bench.versionName(WIDEST)
      assert.deepEqual(await bench.kinds({ kind: 'remove', path, expect: entry.fingerprint, keepAs }), ['done'])
      assert.equal(await bench.versionText(keepAs), 'first')
      await opened.tree.dropVersions(new Set([keepAs]))
    }
  })

  it('are refused with the reason where they are longer', () => {
    assert.throws(() => parseRelPath(`${DEEPEST}f`), /longer than 4096 bytes/)
    assert.throws(() => parseRelPath(`${WIDEST}long`), /longer than 255 bytes/)
  })
})

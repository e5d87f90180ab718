/** What is put together on the disk: holes stay holes, and threads hash what has arrived while more does. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { closeSync, ftruncateSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { HashPartJob } from '../../daemon/blobs/hash-part.ts'
import { PartHash } from '../../daemon/blobs/part-hash.ts'
import { createThreads } from '../../daemon/daemon-threads.ts'
import type { RunOptions, ThreadJob, Threads } from '../../daemon/threads-port.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import { blobOf, hashOf, signal } from '../conformance/blob-store-bench.ts'
import { path } from '../conformance/file-tree-bench.ts'
import { TreeBench } from '../conformance/file-tree-bench.ts'
import { makeTemporary, openRealTree } from '../disk/real-tree.ts'

const MIB = 1024 * 1024

describe('a large sparse file', () => {
  it('that is changed takes no more room than its bytes', async () => {
    await using opened = await openRealTree()
    const file = join(opened.root, 'disk.img')
    const fd = openSync(file, 'w')
    ftruncateSync(fd, 64 * CHUNK_BYTES)
    writeSync(fd, randomBytes(CHUNK_BYTES), 0, CHUNK_BYTES, 20 * CHUNK_BYTES)
    closeSync(fd)
    const next = new Uint8Array(64 * CHUNK_BYTES)
    next.set(randomBytes(1000), 40 * CHUNK_BYTES + 5)
    const blob = blobOf(next)
    const source = opened.tree.source(path('disk.img'), await new TreeBench(opened).look('disk.img'))
    await using incoming = await opened.store.receive(blob.ref, blob.list, { signal })
    const chunks = Array.from({ length: 64 }, (_, chunkNo) => ({
      ...{
        chunkNo,
        patches: chunkNo === 40 ? [{ at: 5, bytes: next.subarray(40 * CHUNK_BYTES + 5).subarray(0, 1000) }] : [],
      },
      copies: [{ at: 0, from: (chunkNo === 20 ? 21 : chunkNo) * CHUNK_BYTES, bytes: CHUNK_BYTES }],
    }))
    const patched = chunks.map((each) => (each.chunkNo === 40 ? around(each) : each))
    assert.deepEqual(new Set(await incoming.assemble(source, patched, { signal })), new Set(['written']))
    const stored = await incoming.commit()
    assert.ok(stored !== 'wrong')
    const { size, blocks } = statSync(stored.location)
    assert.equal(size, 64 * CHUNK_BYTES)
    assert.ok(blocks * 512 < 2 * CHUNK_BYTES, `${blocks * 512} bytes on the disk`)
  })
})

/** The copy on both sides of a patch of 1,000 bytes at 5. */
function around<T extends { readonly chunkNo: number }>(chunk: T): T {
  const from = chunk.chunkNo * CHUNK_BYTES
  const copies = [
    { at: 0, from, bytes: 5 },
    { at: 1005, from: from + 1005, bytes: CHUNK_BYTES - 1005 },
  ]
  return { ...chunk, copies }
}

describe('the hash of a part', () => {
  it('is made of what has arrived while more does, each byte read once', async () => {
    await using threads = createThreads(2)
    const jobs: HashPartJob[] = []
    const part = join(makeTemporary(), 'part')
    const bytes = randomBytes(40 * MIB)
    writeFileSync(part, bytes)
    const hash = new PartHash(watched(threads, jobs), part)
    for (let at = 4 * MIB; at < bytes.length; at += 4 * MIB) {
      hash.reached(at)
      await new Promise(setImmediate)
    }
    hash.reached(bytes.length)
    assert.equal(await hash.digest(), hashOf(bytes))
    await hash.end()
    assert.ok(jobs.length > 1, 'it began before all was there')
    assert.equal(
      jobs.reduce((sum, { from, to }) => sum + to - from, 0),
      bytes.length,
    )
  })

  it('is made anew where the thread that kept it is gone', async () => {
    const part = join(makeTemporary(), 'part')
    const bytes = randomBytes(16 * MIB)
    writeFileSync(part, bytes)
    const pools = [createThreads(1), createThreads(1)]
    let runs = 0
    const moving: Threads = {
      parallel: 1,
      run: (job, o) => (pools[runs++ === 0 ? 0 : 1] ?? assert.fail()).run(job, o),
    }
    const hash = new PartHash(moving, part)
    hash.reached(12 * MIB)
    hash.reached(bytes.length)
    assert.equal(await hash.digest(), hashOf(bytes))
    await hash.end()
    for (const pool of pools) await pool[Symbol.asyncDispose]()
    assert.ok(runs > 1)
  })
})

function watched(threads: Threads, jobs: HashPartJob[]): Threads {
  return {
    parallel: threads.parallel,
    run: <Answer>(job: ThreadJob<Answer>, o: RunOptions): Promise<Answer> => {
      jobs.push(job as unknown as HashPartJob)
      return threads.run(job, o)
    },
  }
}

/** A run that ends before its end: the next one goes on from there, and nothing is lost or done twice. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { ByteRange } from '../../daemon/ports.ts'
import { createDirectoryEnd } from '../../daemon/sync/ends/directory-end.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import { COMPILE_CACHE } from '../compile-cache.ts'
import { sampleBlob } from '../conformance/blob-store-bench.ts'
import { clock, openRealTree } from '../disk/real-tree.ts'
import { scaled } from '../scale.ts'
import type { PairBench } from './pair-bench.ts'
import { openPairBench, put, remove, treeOf, versionsOf } from './pair-bench.ts'

const T = Date.UTC(2026, 0, 1)
const RUN = fileURLToPath(new URL('run-once.ts', import.meta.url))
/** Every how many events a run is cancelled. */
const STRIDE = scaled({ small: 12, full: 1 })
const KILLS = scaled({ small: 3, full: 40 })

/** Work of every kind for the run that is interrupted. */
async function prepare(bench: PairBench): Promise<readonly string[]> {
  for (const side of [bench.source, bench.destination]) {
    for (const name of ['edited', 'deleted', 'renamed', 'conflict', 'd/kept', 'reverted'])
      put(side, name, `old ${name}`, T)
  }
  await bench.run()
  put(bench.source, 'edited', 'new edited')
  put(bench.destination, 'reverted', 'new reverted')
  remove(bench.source, 'deleted')
  remove(bench.source, 'renamed')
  put(bench.source, 'd/e/other-name', 'old renamed', T)
  put(bench.source, 'conflict', 'mine', T + 10_000)
  put(bench.destination, 'conflict', 'yours', T + 90_000)
  put(bench.destination, 'back/new', 'from the destination')
  put(bench.source, 'large', 'x'.repeat(3_500_000))
  put(bench.source, 'clash', 'a file')
  put(bench.destination, 'clash/in', 'a directory')
  return textsOf(bench)
}

function textsOf({ source, destination }: PairBench): string[] {
  return [source, destination].flatMap((side) => Object.values(treeOf(side))).filter((text) => text !== '/')
}

function checkEnd(bench: PairBench, before: readonly string[]): void {
  const tree = treeOf(bench.source)
  assert.deepEqual(treeOf(bench.destination), tree, 'both sides are the same')
  const has = new Set([...Object.values(tree), ...versionsOf(bench.source), ...versionsOf(bench.destination)])
  for (const text of before) assert.ok(has.has(text), `"${text.slice(0, 20)}" is lost`)
  assert.equal(tree['edited'], 'new edited')
  assert.equal(tree['conflict'], 'yours')
  assert.equal(tree['d/e/other-name'], 'old renamed')
  assert.ok(!('deleted' in tree) && !('renamed' in tree), 'what was deleted does not come back')
  const copies = Object.keys(tree).filter((path) => path.includes('.conflict-'))
  assert.equal(copies.length, 2, `one copy of each conflict: ${copies.join(', ')}`)
}

describe('a run that is cancelled', () => {
  it('at any of its steps is finished by the next one', async () => {
    let steps = 0
    {
      using bench = openPairBench()
      await prepare(bench)
      await bench.run({ tell: () => (steps += 1) })
    }
    assert.ok(steps > 30, 'the run has many steps')
    for (let at = 1; at <= steps; at += STRIDE) {
      using bench = openPairBench()
      const before = await prepare(bench)
      const cancel = new AbortController()
      let seen = 0
      const tell = (): void => {
        seen += 1
        if (seen === at) cancel.abort(new Error('cancelled'))
      }
      await bench.run({ tell, signal: cancel.signal }).catch((cause: unknown) => {
        assert.ok(cause instanceof Error && cause.message === 'cancelled', String(cause))
      })
      const next = await bench.run()
      assert.equal(next.errors, 0)
      checkEnd(bench, before)
      assert.equal((await bench.run()).changes, 0)
    }
  })

  it('in the middle of a large file goes on with the chunks that are missing', async () => {
    await using real = await openRealTree()
    const { ref, list, bytes } = sampleBlob(5 * CHUNK_BYTES + 5)
    const end = createDirectoryEnd({
      ...{ place: 'there', tree: real.tree, store: real.store, clock, begin: () => undefined },
      random: { bytes: (length) => new Uint8Array(length) },
    })
    const fetch = async (failAt: number): Promise<number> => {
      let came = 0
      const read = async function* (range: ByteRange | undefined): AsyncIterable<Uint8Array> {
        if (range === undefined || range.start >= failAt * CHUNK_BYTES) throw new Error('cancelled')
        yield bytes.subarray(range.start, range.end)
      }
      const onBytes = (count: number): void => void (came += count)
      const o = { signal: new AbortController().signal, onBytes }
      await end.fetch(ref, { read, chunks: list }, o).catch(() => undefined)
      return came
    }
    assert.equal(await fetch(3), 3 * CHUNK_BYTES)
    assert.equal(await fetch(99), 2 * CHUNK_BYTES + 5)
    assert.equal(await fetch(0), 0, 'what is whole is not fetched again')
  })
})

describe('a run whose process is killed', () => {
  it('at any moment is finished by the next one, with nothing lost and nothing half-written', async () => {
    for (let kill = 0; kill < KILLS; kill += 1) {
      using bench = openPairBench()
      const before = await prepare(bench)
      await killAt(bench, 3 + kill * 6)
      const next = await bench.run()
      assert.equal(next.errors, 0)
      checkEnd(bench, before)
      assert.equal((await bench.run()).changes, 0)
    }
  })
})

/** Runs the pair in a process of its own, and ends that at its n-th event. */
async function killAt(bench: PairBench, eventNo: number): Promise<void> {
  const child = spawn(process.execPath, [RUN, bench.source, bench.destination, bench.home], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE, NODE_TEST_CONTEXT: undefined },
  })
  let events = 0
  child.stdout.on('data', (bytes: Buffer) => {
    events += bytes.toString().split('\n').length - 1
    if (events >= eventNo) child.kill('SIGKILL')
  })
  await once(child, 'close')
}

describe('what is remembered of a pair', () => {
  for (const [how, spoil] of [
    ['is lost', (file: string) => remove(file, '')],
    ['is cut off', (file: string) => truncateSync(file, 700)],
    ['is no database', (file: string) => writeFileSync(file, 'something else altogether'.repeat(500))],
  ] as const) {
    it(`may be lost: when it ${how}, the next run is a first one, and copies nothing that is the same`, async () => {
      using bench = openPairBench()
      for (const side of [bench.source, bench.destination]) put(side, 'a', 'same', T)
      await bench.run()
      put(bench.source, 'b', 'new')
      const [file = ''] = readdirSync(join(bench.home, 'pairs')).filter((name) => name.endsWith('.db'))
      for (const name of readdirSync(join(bench.home, 'pairs')))
        if (name !== file) remove(join(bench.home, 'pairs'), name)
      spoil(join(bench.home, 'pairs', file))
      const { isFirstRun, conflicts, uploads, bytesSent } = await bench.run({ confirm: () => false })
      assert.deepEqual(
        { isFirstRun, conflicts, uploads, bytesSent },
        { isFirstRun: true, conflicts: 0, uploads: 1, bytesSent: 3 },
      )
      assert.deepEqual(treeOf(bench.destination), { a: 'same', b: 'new' })
    })
  }

  it('belongs to one run at a time', async () => {
    using bench = openPairBench()
    put(bench.destination, 'a', 'text')
    let refused: unknown
    const confirm = async (): Promise<boolean> => {
      refused = await bench.run().catch((cause: unknown) => cause)
      return true
    }
    await bench.run({ mode: 'source-to-destination', confirm })
    assert.ok(refused instanceof Error && 'code' in refused)
    assert.equal(refused.code, 'pair-busy')
  })

  it('is kept apart for each pair', async () => {
    using one = openPairBench()
    using other = openPairBench()
    put(one.source, 'a', 'text')
    await one.run()
    put(other.source, 'a', 'text')
    assert.equal((await other.run()).isFirstRun, true)
  })
})

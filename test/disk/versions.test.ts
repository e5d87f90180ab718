/** What only a real disk shows of kept versions: a log that lags behind what is there, and rewrites of it. */

import { Ended, byHand, onCalls } from './disk-calls.ts'
import assert from 'node:assert/strict'
import { appendFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { VersionName } from '../../daemon/ports.ts'
import { LABEL, TreeBench, hasCode, path } from '../conformance/file-tree-bench.ts'
import { threadsHere } from '../threads-here.ts'
import { openRealTree } from './real-tree.ts'

const nameOf = ({ name }: { name: string }): string => name

/** Removes a file, which is kept. */
async function keep(bench: TreeBench, name: string): Promise<VersionName> {
  bench.hands.write(name, `old ${name}`)
  const keepAs = bench.versionName(name)
  await bench.change({ kind: 'remove', path: path(name), expect: await bench.look(name), keepAs })
  return keepAs
}

describe('a kept file that no line of the log names', () => {
  it('is listed by its own name, with its size and time', async () => {
    await using opened = await openRealTree({ threads: threadsHere })
    const bench = new TreeBench(opened)
    const before = Date.now()
    const name = await keep(bench, 'report.txt')
    opened.hands.remove('.holt/versions/log')
    const [record] = await bench.versions()
    assert.ok(record)
    const { keptMs, ...rest } = record
    const unknown = { hash: null, reason: 'unknown', batch: 'unknown', isDirectory: false, taken: null }
    const expected = { path: 'report.txt', name, sizeBytes: 14, ...unknown }
    assert.deepEqual(rest, expected)
    assert.ok(keptMs >= before - 1000 && keptMs <= Date.now())
    assert.equal(await bench.versionText(name), 'old report.txt')
  })

  it('is dropped like any other', async () => {
    await using opened = await openRealTree({ threads: threadsHere })
    const bench = new TreeBench(opened)
    const name = await keep(bench, 'a')
    opened.hands.remove('.holt/versions/log')
    await bench.tree.dropVersions(new Set([name]))
    assert.deepEqual(await bench.versions(), [])
  })
})

describe('the log of kept versions', () => {
  it('leaves out a line whose file is not there', async () => {
    await using opened = await openRealTree({ threads: threadsHere })
    const bench = new TreeBench(opened)
    const [first, second] = [await keep(bench, 'a'), await keep(bench, 'b')]
    opened.hands.remove(`.holt/versions/${first}`)
    assert.deepEqual((await bench.versions()).map(nameOf), [second])
  })

  it('passes over damaged lines', async () => {
    await using opened = await openRealTree({ threads: threadsHere })
    const bench = new TreeBench(opened)
    const name = await keep(bench, 'a')
    const log = opened.hands.read('.holt/versions/log') ?? ''
    opened.hands.write('.holt/versions/log', `nonsense\n{"path":"../out","name":"x"}\n[]\nnull\n${log}`)
    assert.deepEqual((await bench.versions()).map(nameOf), [name])
  })

  it('keeps what a batch adds while it is rewritten', async () => {
    await using opened = await openRealTree({ threads: threadsHere })
    const bench = new TreeBench(opened)
    const [first, second] = [await keep(bench, 'a'), await keep(bench, 'b')]
    const third = bench.versionName('c')
    bench.hands.write(`.holt/versions/${third}`, 'old c')
    const log = bench.hands.read('.holt/versions/log') ?? ''
    const line = log.split('\n').find((each) => each.includes(second)) ?? ''
    let isAdded = false
    using _calls = onCalls(({ name }) => {
      // The last look at the old log, when all that it had was copied.
      if (name !== 'fstat' || isAdded) return 'done'
      isAdded = true
      byHand(() => appendFileSync(join(opened.root, '.holt/versions/log'), `${line.replaceAll(second, third)}\n`))
      return 'done'
    })
    await bench.tree.dropVersions(new Set([first]))
    assert.deepEqual(
      (await bench.versions()).map(({ name, batch }) => [name, batch]),
      [second, third].map((name) => [name, LABEL.batch]),
    )
  })

  it('is whole whenever the process ends while it is rewritten', async () => {
    for (let n = 1; ; n++) {
      await using opened = await openRealTree({ threads: threadsHere })
      const bench = new TreeBench(opened)
      const [first, second] = [await keep(bench, 'a'), await keep(bench, 'b')]
      if (!(await endAt(n, () => bench.tree.dropVersions(new Set([first]))))) {
        assert.ok(n > 6, `only ${n} calls`)
        return
      }
      const left = (await bench.versions()).map(({ name, path: of }) => [name, of])
      assert.deepEqual(
        left.filter(([name]) => name !== first),
        [[second, 'b']],
        `call ${n}`,
      )
    }
  })
})

async function endAt(n: number, work: () => Promise<void>): Promise<boolean> {
  using calls = onCalls(({ no }) => (no === n ? 'ends-before' : 'done'))
  try {
    await work()
  } catch (cause) {
    byHand(() => {
      if (!(cause instanceof Ended)) throw cause
    })
  }
  return calls.calls >= n
}

describe('the name of a version', () => {
  it('leads nowhere else', async () => {
    await using opened = await openRealTree({ threads: threadsHere })
    const bench = new TreeBench(opened)
    opened.hands.write('secret', 'mine')
    symlinkSync(join(opened.root, 'secret'), join(opened.root, '.holt/versions/link'))
    for (const name of ['../folder', '../../secret', 'log', '..', 'link', '', 'a\0b']) {
      await assert.rejects(bench.versionText(name as VersionName), hasCode('missing'), name)
    }
  })
})

/** What a person relies on when two directories are kept the same, beyond the table. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { TransferProgress } from '../../daemon/sync/ends/run-progress.ts'
import { createRoot } from '../../daemon/disk/create-root.ts'
import { parseFolderId } from '../../protocol/ids.ts'
import type { PairEvent } from '../../protocol/api/pairs.ts'
import type { PairBench, RunOptions } from './pair-bench.ts'
import { DAY_MS, T, bytesRead, openPairBench, put, putBoth, remove, treeOf, versionsOf } from './pair-bench.ts'

const NO: RunOptions = { confirm: () => false }
const trees = (bench: PairBench): unknown => [treeOf(bench.source), treeOf(bench.destination)]

describe('what a run keeps', () => {
  it('goes after thirty days, and what a folder keeps in the same place stays', async () => {
    using bench = openPairBench()
    putBoth(bench, 'old', 'first')
    putBoth(bench, 'later', 'first')
    await bench.run()
    put(bench.source, 'old', 'second')
    await bench.run()
    const log = join(bench.destination, '.holt/versions/log')
    const aged = (line: string): string =>
      line.replace(/"keptMs":(\d+)/, (_, ms: string) => `"keptMs":${Number(ms) - 31 * DAY_MS}`)
    const line = aged(readFileSync(log, 'utf8'))
    const name = /"name":"([^"]+)"/.exec(line)?.[1] ?? assert.fail()
    writeFileSync(join(bench.destination, '.holt/versions', `x${name}`), 'of a folder')
    writeFileSync(log, `${line}${line.replace(name, `x${name}`).replace('"batch":"pair-', '"batch":"')}`)
    assert.deepEqual(versionsOf(bench.destination).sort(), ['first', 'of a folder'])
    put(bench.source, 'later', 'second')
    await bench.run()
    assert.deepEqual(versionsOf(bench.destination).sort(), ['first', 'of a folder'])
    assert.ok(!readFileSync(log, 'utf8').includes(`"${name}"`), 'the newer one is the first that is left')
  })
})

describe('a dry run', () => {
  it('shows each change with its reason and changes nothing at all, not even a marker', async () => {
    using bench = openPairBench()
    put(bench.source, 'new', 'n')
    put(bench.destination, 'd/other', 'o')
    const before = trees(bench)
    const result = await bench.run({ isDryRun: true })
    assert.equal(result.state, 'planned')
    assert.deepEqual(
      result.plan.map(({ side, path, action, reason }) => [side, path, action, reason.code]),
      [
        ['source', 'd', 'make-directory', 'to-source'],
        ['source', 'd/other', 'create', 'to-source'],
        ['destination', 'new', 'create', 'to-destination'],
      ],
    )
    assert.ok(result.plan.every(({ reason }) => reason.sentence.endsWith('.')))
    assert.deepEqual(trees(bench), before)
    for (const side of [bench.source, bench.destination]) assert.ok(!existsSync(join(side, '.holt')), 'no marker')
    assert.ok(!existsSync(bench.home), 'nothing is remembered')
  })

  it('says what a real run would wait for', async () => {
    using bench = openPairBench()
    put(bench.source, 'a', 'x')
    put(bench.destination, 'b', 'y')
    const { state, halt } = await bench.run({ isDryRun: true, mode: 'source-to-destination', ...NO })
    assert.equal(state, 'planned')
    assert.equal(halt?.reason, 'first-run')
  })
})

describe('a first run', () => {
  it('waits for a yes before it deletes or overwrites anything, and does nothing without', async () => {
    using bench = openPairBench()
    put(bench.source, 'a', 'mine')
    put(bench.destination, 'a', 'yours')
    put(bench.destination, 'b', 'only yours')
    const before = trees(bench)
    const halted = await bench.run({ mode: 'source-to-destination', ...NO })
    assert.equal(halted.state, 'halted')
    assert.deepEqual([halted.halt?.destination.overwritten, halted.halt?.destination.deleted], [1, 1])
    assert.deepEqual(trees(bench), before)
    const done = await bench.run({ mode: 'source-to-destination' })
    assert.equal(done.state, 'done')
    assert.deepEqual(treeOf(bench.destination), { a: 'mine' })
    assert.deepEqual(versionsOf(bench.destination).sort(), ['only yours', 'yours'])
  })

  it('waits for a yes where one side has far more files than the other, and not where it has few', async () => {
    using bench = openPairBench()
    for (let count = 1; count <= 10; count += 1) put(bench.source, `f${count}`, 'x')
    assert.equal((await bench.run({ isDryRun: true })).halt, null)
    put(bench.source, 'f11', 'x')
    assert.equal((await bench.run(NO)).halt?.reason, 'first-run')
  })

  it('copies both ways without a question where nothing differs', async () => {
    using bench = openPairBench()
    put(bench.source, 'a', '1')
    put(bench.destination, 'b', '2')
    putBoth(bench, 'c', '3')
    const { state, uploads, downloads } = await bench.run(NO)
    assert.deepEqual({ state, uploads, downloads }, { state: 'done', uploads: 1, downloads: 1 })
    assert.deepEqual(treeOf(bench.source), treeOf(bench.destination))
  })

  for (const [initial, text] of [
    ['source-wins', 'mine'],
    ['destination-wins', 'yours'],
  ] as const) {
    it(`lets the preferred side decide what differs, and deletes nothing: ${initial}`, async () => {
      using bench = openPairBench()
      put(bench.source, 'a', 'mine', T)
      put(bench.destination, 'a', 'yours', T)
      put(bench.source, 's', 's')
      put(bench.destination, 'd', 'd')
      await bench.run({ initial })
      assert.deepEqual(treeOf(bench.source), { a: text, d: 'd', s: 's' })
      assert.deepEqual(treeOf(bench.destination), treeOf(bench.source))
    })
  }
})

describe('a later run', () => {
  it('waits for a yes before it deletes most of a side', async () => {
    using bench = openPairBench()
    for (let count = 1; count <= 12; count += 1) putBoth(bench, `f${count}`, `${count}`)
    await bench.run()
    for (const name of readdirSync(bench.source)) if (name !== '.holt') remove(bench.source, name)
    const halted = await bench.run(NO)
    assert.equal(halted.halt?.reason, 'mass-delete')
    assert.equal(Object.keys(treeOf(bench.destination)).length, 12)
    await bench.run()
    assert.deepEqual(treeOf(bench.destination), {})
    assert.equal(versionsOf(bench.destination).length, 12)
  })

  it('reads no file when nothing was changed', async () => {
    using bench = openPairBench()
    put(bench.source, 'a', 'text')
    await bench.run()
    assert.equal(bytesRead(bench), 4)
    const result = await bench.run()
    assert.equal(bytesRead(bench), 0)
    assert.equal(result.changes, 0)
  })

  it('halts when a side is another directory than before, as when its disk is not mounted', async () => {
    using bench = openPairBench()
    putBoth(bench, 'a', 'text')
    await bench.run()
    renameSync(bench.source, `${bench.source}-unmounted`)
    mkdirSync(bench.source)
    const halted = await bench.run({ mode: 'source-to-destination', ...NO })
    assert.equal(halted.halt?.reason, 'end-changed')
    assert.deepEqual(treeOf(bench.destination), { a: 'text' })
    rmSync(bench.source, { recursive: true })
    renameSync(`${bench.source}-unmounted`, bench.source)
    assert.equal((await bench.run(NO)).changes, 0, 'with the disk back it goes on as before')
  })

  it('renames a directory on the other side without sending a byte', async () => {
    using bench = openPairBench()
    putBoth(bench, 'old/deep/a', 'first')
    putBoth(bench, 'old/b', 'second')
    await bench.run()
    renameSync(join(bench.source, 'old'), join(bench.source, 'new'))
    const result = await bench.run()
    assert.deepEqual(treeOf(bench.destination), { new: '/', 'new/b': 'second', 'new/deep': '/', 'new/deep/a': 'first' })
    assert.deepEqual([result.renamesDestination, result.bytesSent, result.uploads], [2, 0, 0])
  })

  it('keeps links, the executable bit, times and empty directories', async () => {
    using bench = openPairBench()
    put(bench.source, 'run.sh', '#!', T, 0o755)
    symlinkSync('nowhere', join(bench.source, 'link'))
    mkdirSync(join(bench.source, 'empty'))
    await bench.run()
    assert.deepEqual(treeOf(bench.destination), { empty: '/', link: '-> nowhere', 'run.sh': '#!' })
    const stats = statSync(join(bench.destination, 'run.sh'))
    assert.deepEqual([stats.mode & 0o100, Math.floor(stats.mtimeMs)], [0o100, T])
    chmodSync(join(bench.destination, 'run.sh'), 0o644)
    const result = await bench.run()
    assert.equal(statSync(join(bench.source, 'run.sh')).mode & 0o100, 0)
    assert.equal(result.bytesReceived, 0)
  })

  it('lists what it cannot sync with the reason, and syncs the rest', async () => {
    using bench = openPairBench()
    put(bench.source, 'a', 'text')
    writeFileSync(Buffer.concat([Buffer.from(`${bench.source}/`), Buffer.from([0x66, 0xff])]), 'not UTF-8')
    const { problems, errors } = await bench.run()
    assert.deepEqual(
      problems.map(({ side, reason }) => [side, reason.code]),
      [['source', 'bad-name']],
    )
    assert.equal(errors, 1)
    assert.deepEqual(treeOf(bench.destination), { a: 'text' })
  })
})

describe('what cannot be looked at', () => {
  it('is not taken for deleted, and nothing below it is touched on either side', async () => {
    using bench = openPairBench()
    putBoth(bench, 'd/a', 'text')
    putBoth(bench, 'b', 'text')
    await bench.run()
    remove(bench.source, 'd')
    execFileSync('mkfifo', [join(bench.source, 'd')])
    put(bench.destination, 'd/new', 'text of the other side')
    const { problems } = await bench.run({ mode: 'source-to-destination' })
    assert.deepEqual(
      problems.map(({ path, reason }) => [path, reason.code]),
      [['d', 'special-file']],
    )
    assert.deepEqual(treeOf(bench.destination), { b: 'text', d: '/', 'd/a': 'text', 'd/new': 'text of the other side' })
  })
})

describe('a folder of the group', () => {
  it('may be a side, and keeps its marker', async () => {
    using bench = openPairBench()
    const folder = parseFolderId('00112233445566778899aabbccddeeff')
    await createRoot({ path: bench.source, folder })
    put(bench.source, 'a', 'text')
    await bench.run()
    assert.equal(readFileSync(join(bench.source, '.holt', 'folder'), 'utf8').trim(), folder)
    assert.deepEqual(treeOf(bench.destination), { a: 'text' })
  })
})

describe('an ignored file', () => {
  it('is neither sent nor deleted, whichever side ignores it, at any level', async () => {
    using bench = openPairBench()
    put(bench.source, '.holtignore', '*.tmp\n')
    put(bench.destination, 'd/.syncignore', 'secret\n')
    put(bench.source, 'a.tmp', 'mine')
    put(bench.source, 'd/secret', 'mine')
    put(bench.source, 'd/shown', 'shown')
    put(bench.destination, 'b.tmp', 'yours')
    await bench.run({ mode: 'source-backup' })
    const tree = treeOf(bench.destination)
    assert.deepEqual(
      [tree['a.tmp'], tree['d/secret'], tree['d/shown'], tree['b.tmp']],
      [undefined, undefined, 'shown', 'yours'],
    )
  })

  it('is not deleted when it was synced before', async () => {
    using bench = openPairBench()
    putBoth(bench, 'a', 'text')
    await bench.run()
    remove(bench.source, 'a')
    await bench.run({ patterns: { include: [], exclude: ['a'], ignore: '' } })
    assert.deepEqual(trees(bench), [{}, { a: 'text' }])
    await bench.run()
    assert.deepEqual(treeOf(bench.source), { a: 'text' }, 'it was forgotten, so it is new on the other side')
  })

  it('keeps its directory, which then does not come back', async () => {
    using bench = openPairBench()
    putBoth(bench, 'd/a', 'text')
    put(bench.destination, 'd/b.tmp', 'ignored')
    const patterns = { include: [], exclude: [], ignore: '*.tmp' }
    await bench.run({ patterns })
    remove(bench.source, 'd')
    for (let count = 0; count < 2; count += 1) await bench.run({ patterns })
    assert.deepEqual(trees(bench), [{}, { d: '/', 'd/b.tmp': 'ignored' }])
  })

  it('is told by --include and --exclude, too', async () => {
    using bench = openPairBench()
    for (const path of ['a.jpg', 'd/b.jpg', 'd/c.txt', 'e/f.txt', 'x/secret.jpg']) put(bench.source, path, path)
    await bench.run({ patterns: { include: ['*.jpg'], exclude: ['x/'], ignore: '' } })
    assert.deepEqual(treeOf(bench.destination), { 'a.jpg': 'a.jpg', d: '/', 'd/b.jpg': 'd/b.jpg' })
  })
})

describe('what is edited while a run is under way', () => {
  it('on the side that is written to is never overwritten', async () => {
    using bench = openPairBench()
    putBoth(bench, 'a', 'old')
    await bench.run()
    put(bench.source, 'a', 'mine', T + DAY_MS)
    let isEdited = false
    const edit = (event: PairEvent): void => {
      if (event.kind !== 'transfer.file-start' || isEdited) return
      isEdited = true
      put(bench.destination, 'a', 'meanwhile', T)
    }
    const { conflicts } = await bench.run({ tell: edit })
    assert.equal(conflicts, 1)
    assert.deepEqual(Object.values(treeOf(bench.destination)).sort(), ['meanwhile', 'mine'])
    assert.deepEqual(treeOf(bench.source), treeOf(bench.destination))
  })

  it('on the side that is read is taken as it is then', async () => {
    using bench = openPairBench()
    put(bench.source, 'a', 'early')
    let isEdited = false
    const edit = (event: PairEvent): void => {
      if (event.kind !== 'transfer.file-start' || isEdited) return
      isEdited = true
      put(bench.source, 'a', 'later')
    }
    const { errors } = await bench.run({ tell: edit })
    assert.equal(errors, 0)
    assert.deepEqual(treeOf(bench.destination), { a: 'later' })
  })
})

describe('the events of a run', () => {
  it('tell of the scan, of each file with the sums of its direction, and of the end', async () => {
    using bench = openPairBench()
    put(bench.source, 'a', 'four')
    put(bench.source, 'b', 'sixsix')
    put(bench.destination, 'c', 'ten bytes!')
    await bench.run()
    const kinds = bench.events.map(({ kind }) => kind)
    for (const kind of [
      'scan.start',
      'scan.done',
      'sync.start',
      'transfer.batch-start',
      'transfer.file-start',
    ] as const)
      assert.ok(kinds.includes(kind), kind)
    assert.equal(kinds.at(-1), 'sync.done')
    const done = bench.events.filter((event) => event.kind === 'transfer.batch-done')
    assert.deepEqual(
      done.map(({ direction, total, failed }) => [
        direction,
        total.filesDone,
        total.bytesDone,
        total.bytesTotal,
        failed,
      ]),
      [
        ['up', 2, 10, 10, 0],
        ['down', 1, 10, 10, 0],
      ],
    )
  })

  it('take the bytes of a failed file back out', () => {
    const events: PairEvent[] = []
    const clock = { wallMs: () => 0, monotonicMs: () => 0, sleep: () => Promise.resolve() }
    const progress = new TransferProgress((event) => events.push(event), clock, [])
    const [failing, fine] = [progress.file('destination', 'a', 10), progress.file('destination', 'b', 5)]
    failing.add(7)
    fine.add(5)
    fine.done()
    assert.equal(progress.total('up').bytesDone, 12)
    failing.failed('it changed', true)
    assert.deepEqual([progress.total('up').bytesDone, progress.total('up').filesDone], [5, 1])
    const last = events.at(-1)
    assert.ok(last?.kind === 'transfer.file-error')
    assert.deepEqual([last.total.bytesDone, last.bytesDone, last.isRetried], [5, 0, true])
  })
})

/** Watching a real folder: nothing that happens is missed, and where the system will not watch, everything is a hint at times. */

import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, utimesSync, watch, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { DiskContext } from '../../daemon/disk/context.ts'
import { DiskNames } from '../../daemon/disk/names.ts'
import { TreeWatch } from '../../daemon/disk/watch.ts'
import type { Clock, WatchHint } from '../../daemon/ports.ts'
import type { DirPath } from '../../protocol/path.ts'
import { ROOT, parseRelPath } from '../../protocol/path.ts'
import { bytesOf, hashOf } from '../conformance/file-tree-bench.ts'
import type { RealTree } from './real-tree.ts'
import { clock, openRealTree } from './real-tree.ts'

const DEADLINE_MS = 10_000
const TREES = 50
/** Directories of each tree. */
const DEPTH = 4

const path = parseRelPath

/** Directories that were told, and whether anything may have changed, as the hints come. */
class Heard {
  readonly directories = new Set<DirPath>()
  overflows = 0
  readonly #end = new AbortController()
  readonly #done: Promise<void>

  constructor(hints: (o: { signal: AbortSignal }) => AsyncIterable<WatchHint>) {
    this.#done = this.#listen(hints)
  }

  async #listen(hints: (o: { signal: AbortSignal }) => AsyncIterable<WatchHint>): Promise<void> {
    try {
      for await (const hint of hints({ signal: this.#end.signal })) {
        if (hint.kind === 'overflow') this.overflows += 1
        else for (const directory of hint.directories) this.directories.add(directory)
      }
    } catch (cause) {
      if (!this.#end.signal.aborted) throw cause
    }
  }

  async until(holds: () => boolean, what: string): Promise<void> {
    for (const deadlineMs = performance.now() + DEADLINE_MS; !holds();) {
      assert.ok(performance.now() < deadlineMs, `${what}; heard only ${[...this.directories].join(', ')}`)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  async end(): Promise<void> {
    this.#end.abort()
    await this.#done
  }
}

describe('watching a folder on the disk', () => {
  let opened: RealTree
  let heard: Heard
  beforeEach(async () => {
    opened = await openRealTree()
    heard = new Heard((o) => opened.tree.watch(o))
  })
  afterEach(async () => {
    await heard.end()
    await opened[Symbol.asyncDispose]()
  })

  const scan = async (...directories: DirPath[]): Promise<DirPath[]> => {
    const found: DirPath[] = []
    for await (const { entries } of opened.tree.scan(directories, new AbortController())) {
      for (const entry of entries) if (entry.kind === 'directory') found.push(entry.path)
    }
    return found
  }
  /** What a daemon does with hints: scans what is told, and what it finds there. */
  const follow = async (): Promise<void> => {
    let next = [...heard.directories]
    heard.directories.clear()
    while (next.length > 0) next = await scan(...next)
  }
  const write = (at: string): void => {
    mkdirSync(dirname(join(opened.root, at)), { recursive: true })
    writeFileSync(join(opened.root, at), at)
  }

  for (const [what, act] of [
    ['a new file', () => write('dir/new')],
    ['an edit', () => write('dir/old')],
    ['a removal', () => rmSync(join(opened.root, 'dir/old'))],
    ['a file that comes from elsewhere', () => renameSync(join(opened.root, 'other'), join(opened.root, 'dir/moved'))],
  ] as const) {
    it(`tells of ${what}`, async () => {
      write('dir/old')
      write('other')
      await scan(ROOT, path('dir'))
      act()
      await heard.until(() => heard.directories.has(path('dir')), 'the directory was never told')
    })
  }

  it('tells of every directory of trees that were made at once, when it is followed', async () => {
    await scan(ROOT)
    const files = Array.from({ length: TREES }, (_, i) => `t${i}/a/b/c/f`)
    for (const each of files) write(each)
    const isEachWatched = (): boolean => opened.tree.watchStatus().watched === 1 + files.length * DEPTH
    for (const deadlineMs = performance.now() + DEADLINE_MS; !isEachWatched();) {
      assert.ok(performance.now() < deadlineMs, `only ${opened.tree.watchStatus().watched} directories were found`)
      await heard.until(() => heard.directories.size > 0, 'nothing more was told')
      await follow()
    }
    heard.directories.clear()
    write('t49/a/b/c/late')
    await heard.until(() => heard.directories.has(path('t49/a/b/c')), 'a new directory is not watched')
  })

  it('watches a directory anew that was made anew under its old name', async () => {
    write('dir/a')
    await scan(ROOT, path('dir'))
    rmSync(join(opened.root, 'dir'), { recursive: true })
    write('dir/b')
    await scan(ROOT, path('dir'))
    await heard.until(() => heard.directories.size > 0, 'nothing was told')
    heard.directories.clear()
    write('dir/c')
    await heard.until(() => heard.directories.has(path('dir')), 'the new directory is not watched')
  })

  it('tells nothing of what belongs to Holt', async () => {
    write('dir/a')
    await scan(ROOT, path('dir'))
    utimesSync(join(opened.root, '.holt'), 1, 1)
    await opened.store.put(hashOf(bytesOf('blob')), bytesOf('blob'), new AbortController())
    write('dir/b')
    await heard.until(() => heard.directories.has(path('dir')), 'the directory was never told')
    assert.ok(!heard.directories.has(ROOT))
  })

  it('stops watching below a directory that is gone', async () => {
    write('dir/sub/deep/a')
    await scan(ROOT, path('dir'), path('dir/sub'), path('dir/sub/deep'))
    assert.equal(opened.tree.watchStatus().watched, 4)
    renameSync(join(opened.root, 'dir'), join(opened.root, '.holt/away'))
    await scan(path('dir'))
    assert.equal(opened.tree.watchStatus().watched, 1)
  })

  it('watches nothing any more when nobody asks', async () => {
    await scan(ROOT)
    await heard.end()
    assert.deepEqual(opened.tree.watchStatus(), { watched: 0, failed: 0 })
    await scan(ROOT)
    assert.deepEqual(opened.tree.watchStatus(), { watched: 0, failed: 0 })
  })
})

/** A clock that sleeps until it is woken, or the signal aborts. */
class Alarm {
  #wakes: (() => void)[] = []
  readonly clock: Clock = {
    ...clock,
    sleep: (_delayMs, { signal }) =>
      new Promise((resolve, reject) => {
        this.#wakes.push(resolve)
        signal.addEventListener('abort', () => reject(new Error('aborted')))
      }),
  }

  get sleepers(): number {
    return this.#wakes.length
  }

  ring(): void {
    for (const wake of this.#wakes.splice(0)) wake()
  }
}

describe('watching where the system has no watches left', () => {
  let opened: RealTree
  let heard: Heard
  let treeWatch: TreeWatch
  let alarm: Alarm
  let refusal: string | undefined
  beforeEach(async () => {
    opened = await openRealTree()
    refusal = 'ENOSPC'
    alarm = new Alarm()
    const context: DiskContext = { ...opened.context, names: new DiskNames(), clock: alarm.clock }
    treeWatch = new TreeWatch(context, (at, listener) => {
      if (refusal !== undefined && at.endsWith('dir')) throw Object.assign(new Error(), { code: refusal, syscall: 'w' })
      return watch(at, { persistent: false }, listener)
    })
    heard = new Heard((o) => treeWatch.hints(o))
    mkdirSync(join(opened.root, 'dir'))
  })
  afterEach(async () => {
    await heard.end()
    await opened[Symbol.asyncDispose]()
  })

  for (const code of ['ENOSPC', 'EMFILE', 'ENOSYS']) {
    it(`counts what is not watched for ${code}, and tells at times that anything may have changed`, async () => {
      refusal = code
      treeWatch.add(ROOT)
      treeWatch.add(path('dir'))
      assert.deepEqual(treeWatch.status, { watched: 1, failed: 1 })
      for (const times of [1, 2]) {
        await heard.until(() => alarm.sleepers === 1, 'nobody waits')
        alarm.ring()
        await heard.until(() => heard.overflows === times, 'nothing was told')
      }
    })
  }

  it('stops telling so when the directory can be watched again', async () => {
    treeWatch.add(path('dir'))
    refusal = undefined
    treeWatch.add(path('dir'))
    assert.deepEqual(treeWatch.status, { watched: 1, failed: 0 })
    alarm.ring()
    writeFileSync(join(opened.root, 'dir/a'), '')
    await heard.until(() => heard.directories.has(path('dir')) || heard.overflows > 0, 'nothing was told')
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(alarm.sleepers, 0)
  })
})

/** What a power cut may take from a simulated disk, and what it may not. */

import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { scaled } from '../scale.ts'
import { SimDisk, crashAtCall, failCall } from './disk.ts'
import { Errno } from './errno.ts'
import { Hands } from './hands.ts'
import { Life } from './life.ts'
import { createScheduler } from './scheduler.ts'
import type { Scheduler } from './scheduler.ts'

const SEEDS = scaled({ small: 200, full: 5_000 })

interface Machine {
  readonly scheduler: Scheduler
  readonly disk: SimDisk
  readonly hands: Hands
}

function machine(seed: number, capacityBytes = 1_000_000): Machine {
  const scheduler = createScheduler(seed)
  const disk = new SimDisk('disk', scheduler, () => 1_000 + Math.floor(scheduler.nowMs()), { capacityBytes })
  return { scheduler, disk, hands: new Hands(disk.volume, scheduler, 'disk') }
}

function overSeeds(check: (m: Machine, seed: number) => void): void {
  for (let seed = 1; seed <= SEEDS; seed++) check(machine(seed), seed)
}

describe('a power cut', () => {
  it('takes nothing that was synced', () => {
    overSeeds(({ disk, hands }, seed) => {
      hands.write('/a/b/c', 'safe')
      hands.rename('/a/b/c', '/a/d')
      hands.isDurable = false
      hands.write('/a/other', 'not safe')
      disk.cutPower()
      assert.equal(hands.readText('/a/d'), 'safe', `seed ${seed}`)
      assert.equal(hands.exists('/a/b/c'), false, `seed ${seed}`)
    })
  })

  it('leaves of an overwritten file the old bytes, the new ones, or some new ones before old ones', () => {
    const seen = new Set<string>()
    overSeeds(({ disk, hands }) => {
      hands.write('/f', 'oooooooo')
      hands.isDurable = false
      hands.write('/f', 'nnnnnnnn')
      disk.cutPower()
      const text = hands.readText('/f') ?? 'absent'
      assert.match(text, /^n{0,8}o*$/)
      assert.equal(text.length, 8)
      seen.add(text)
    })
    assert.ok(seen.size > 4, `only ${[...seen].join()} were ever left`)
  })

  it('leaves a torn file another look than any that it had', () => {
    overSeeds(({ disk, hands }) => {
      hands.write('/f', 'oooooooo')
      const before = disk.volume.get('/f').changeNo
      hands.isDurable = false
      hands.write('/f', 'nnnnnnnn')
      const after = disk.volume.get('/f').changeNo
      disk.cutPower()
      const { changeNo } = disk.volume.get('/f')
      const text = hands.readText('/f')
      if (text === 'oooooooo') assert.notEqual(changeNo, after)
      else assert.notEqual(changeNo, before)
      if (text !== 'nnnnnnnn') assert.notEqual(changeNo, after)
    })
  })

  it('loses no synced file, whatever was renamed since', () => {
    overSeeds(({ scheduler, disk, hands }, seed) => {
      const random = scheduler.random.fork('test')
      for (let i = 0; i < 6; i++) hands.write(`/d${i % 3}/f${i}`, `content ${i}`)
      hands.isDurable = false
      for (let i = 0; i < 40; i++) shuffleNames(hands, random.below, i)
      disk.cutPower()
      const left = hands.walk('/').filter(({ kind }) => kind === 'file')
      const contents = left.map(({ content }) => new TextDecoder().decode(content)).sort()
      assert.deepEqual(
        contents,
        [0, 1, 2, 3, 4, 5].map((i) => `content ${i}`),
        `seed ${seed}`,
      )
    })
  })

  it('may take what was never synced, and may leave it', () => {
    const seen = new Set<string | undefined>()
    overSeeds(({ disk, hands }) => {
      hands.isDurable = false
      hands.write('/f', 'new')
      disk.cutPower()
      seen.add(hands.readText('/f'))
    })
    assert.deepEqual(seen, new Set(['new', 'ne', 'n', '', undefined]))
  })

  it('keeps what is older than the system holds writes back', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { scheduler, disk, hands } = machine(seed)
      hands.isDurable = false
      hands.write('/f', 'old enough')
      await scheduler.run({ forMs: 31_000 })
      disk.cutPower()
      assert.equal(hands.readText('/f'), 'old enough')
    }
  })
})

/** Moves a file or a directory somewhere else, or makes or removes a directory. */
function shuffleNames(hands: Hands, below: (limit: number) => number, i: number): void {
  const found = hands.walk('/')
  const from = found[below(found.length)]
  const directories = found.filter(({ kind }) => kind === 'directory')
  const into = directories[below(directories.length)]
  if (from === undefined || into === undefined) return
  const isInside = from.kind === 'directory' && `${into.path}/`.startsWith(`${from.path}/`)
  if (below(4) === 0) hands.mkdir(`/${into.path}/new${i}`)
  else if (!isInside) hands.rename(`/${from.path}`, `/${into.path}/n${i}`)
  for (const { path, kind } of hands.walk('/')) {
    const isEmpty = kind === 'directory' && hands.walk(`/${path}`).length === 0
    if (isEmpty && below(3) === 0) hands.remove(`/${path}`)
  }
}

describe('a simulated disk', () => {
  let m: Machine
  beforeEach(() => (m = machine(1, 100)))

  it('is full when its bytes are used, and has them again when a file goes', () => {
    m.hands.write('/a', 'x'.repeat(60))
    assert.throws(
      () => {
        m.hands.write('/b', 'x'.repeat(60))
      },
      new Errno('ENOSPC', '/b.tmp~'),
    )
    m.hands.remove('/a')
    m.hands.write('/b', 'x'.repeat(60))
    assert.equal(m.disk.volume.freeBytes, 40)
  })

  it('fails the call that it is told to, and no other', async () => {
    const calls = m.disk.callsOf(new Life('a', m.scheduler))
    failCall(m.disk, 2, 'EIO')
    const call = (): Promise<string> => calls.call('test', '/x', () => 'done')
    assert.equal(await m.scheduler.complete(call()), 'done')
    await assert.rejects(m.scheduler.complete(call()), new Errno('EIO', '/x'))
    assert.equal(await m.scheduler.complete(call()), 'done')
  })

  it('crashes at the call that it is told to, before or after the deed, and that call never ends', async () => {
    for (const isDone of [false, true]) {
      m = machine(1)
      const life = new Life('a', m.scheduler)
      const crashes: boolean[] = []
      m.disk.onCrash = (power) => {
        crashes.push(power)
        life.end()
      }
      crashAtCall(m.disk, 1, { power: true, isDone })
      const calls = m.disk.callsOf(life)
      let isSettled = false
      const settle = (): void => void (isSettled = true)
      calls.call('mkdir', '/d', (volume) => volume.create('/d', 'directory')).then(settle, settle)
      await m.scheduler.run()
      assert.deepEqual([isSettled, crashes, m.hands.exists('/d')], [false, [true], isDone])
    }
  })

  it('folds case where it is told to, and keeps names as they were written', () => {
    const disk = new SimDisk('disk', m.scheduler, () => 0, { isCaseSensitive: false })
    const hands = new Hands(disk.volume, m.scheduler, 'disk')
    hands.write('/Read.Me', '1')
    hands.write('/READ.ME', '2')
    assert.deepEqual(
      hands.walk('/').map(({ path }) => path),
      ['Read.Me'],
    )
    assert.equal(hands.readText('/read.me'), '2')
    hands.rename('/read.me', '/readme')
    hands.rename('/readme', '/README')
    assert.deepEqual(
      hands.walk('/').map(({ path }) => path),
      ['README'],
    )
  })

  it('takes a mounted directory away and brings it back as it was', () => {
    m.hands.write('/photos/a', 'a')
    m.hands.unmount('/photos')
    assert.deepEqual(m.hands.walk('/photos'), [])
    m.hands.mount('/photos')
    assert.equal(m.hands.readText('/photos/a'), 'a')
  })
})

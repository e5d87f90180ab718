/** A batch of changes that a crash, a person or a full disk interrupts at any of its system calls: nothing is lost. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Fingerprint, Intent, Recovered, TreeChange, TreeOutcome } from '../../daemon/ports.ts'
import { blobHashOf, parseFolderId } from '../../protocol/ids.ts'
import { parseRelPath } from '../../protocol/path.ts'
import type { RelPath } from '../../protocol/path.ts'
import { scaled } from '../scale.ts'
import { toVersionName } from './disk-names.ts'
import { crashAtCall, failCall } from './disk.ts'
import { TreeError } from '../../daemon/disk/disk-error.ts'
import type { SimDevice, SimPorts, World } from './world.ts'
import { createWorld } from './world.ts'

const FOLDER = parseFolderId('00112233445566778899aabbccddeeff')
const ROOT = '/photos'
const { signal } = new AbortController()
const LABEL = { batch: 'b1', reasonOf: () => 'test', hashOf: () => null }
const SEEDS = scaled({ small: 3, full: 60 })

const path = parseRelPath
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

interface Prepared {
  readonly batch: readonly TreeChange[]
  readonly intents: readonly Intent[]
}

/** Replaces `over`, adds `fresh`, renames `from` to `to`, removes `gone`, with the intents that go before. */
async function prepare({ openTree, openStore, crypto }: SimPorts): Promise<Prepared> {
  const [tree, store] = [openTree(ROOT, FOLDER), openStore(ROOT)]
  const looks = new Map<RelPath, Fingerprint>()
  for await (const { entries } of tree.scan([''], { signal })) {
    for (const entry of entries) if (entry.kind === 'file') looks.set(entry.path, entry.fingerprint)
  }
  const lookOf = (name: string): Fingerprint => looks.get(path(name)) ?? assert.fail(`${name} is not there`)
  const put = (text: string): ReturnType<typeof store.put> =>
    store.put(blobHashOf(crypto.blake3(bytesOf(text))), bytesOf(text), { signal })
  const [newOver, newFresh] = [await put('new over'), await put('new fresh')]
  const place = { kind: 'place', mtimeMs: 5_000, executable: false } as const
  const [over, gone] = [toVersionName('over-1'), toVersionName('gone-1')]
  const moved = (await tree.identify(path('from'))) ?? assert.fail()
  return {
    batch: [
      { ...place, path: path('over'), source: newOver.location, expect: lookOf('over'), keepAs: over },
      { kind: 'make-directory', path: path('dir') },
      { ...place, path: path('dir/fresh'), source: newFresh.location, expect: null, keepAs: null },
      {
        kind: 'rename',
        from: path('from'),
        path: path('to'),
        mtimeMs: 6_000,
        executable: false,
        expect: lookOf('from'),
      },
      { kind: 'remove', path: path('gone'), expect: lookOf('gone'), keepAs: gone },
    ],
    intents: [
      { path: path('over'), arriving: newOver.identity, replaced: { fingerprint: lookOf('over'), keepAs: over } },
      { path: path('dir/fresh'), arriving: newFresh.identity, replaced: null },
      { path: path('to'), arriving: moved, replaced: null },
      { path: path('gone'), arriving: null, replaced: { fingerprint: lookOf('gone'), keepAs: gone } },
    ],
  }
}

function openDevice(seed: number): { world: World; device: SimDevice } {
  const world = createWorld(seed)
  const device = world.device('anna')
  device.addRoot(ROOT, FOLDER)
  for (const name of ['over', 'from', 'gone']) device.hands.write(`${ROOT}/${name}`, `old ${name}`)
  return { world, device }
}

/** All that lies in the folder and its versions, by content. */
function contentsOf(device: SimDevice): Map<string, string> {
  const files = device.hands.walk(ROOT, { isWithHolt: true }).filter(({ kind }) => kind === 'file')
  return new Map(files.map(({ content, path: at }) => [new TextDecoder().decode(content), at]))
}

/** Runs the batch until the n-th call of it crashes; false when it has fewer calls. */
async function crashDuring(
  { world, device }: { world: World; device: SimDevice },
  n: number,
  o: { power: boolean; isDone: boolean },
): Promise<readonly Intent[] | undefined> {
  const seen: { intents: readonly Intent[]; isDone: boolean } = { intents: [], isDone: false }
  const apply = async (ports: SimPorts): Promise<void> => {
    const prepared = await prepare(ports)
    seen.intents = prepared.intents
    crashAtCall(device.disk, n, o)
    const outcomes = await ports.openTree(ROOT, FOLDER).change(prepared.batch, LABEL, { signal })
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ['done', 'done', 'done', 'done', 'done'],
    )
    seen.isDone = true
  }
  device.start((ports) => void apply(ports))
  await world.scheduler.run()
  return seen.isDone ? undefined : seen.intents
}

function checkRecovered(device: SimDevice, recovered: readonly Recovered[], what: string): void {
  const expected = new Map([
    ['over', { arrived: 'new over', 'as-before': 'old over' }],
    ['dir/fresh', { arrived: 'new fresh', 'as-before': undefined }],
    ['to', { arrived: 'old from', 'as-before': undefined }],
    ['gone', { arrived: undefined, 'as-before': 'old gone' }],
  ])
  for (const { path: at, kind } of recovered) {
    assert.notEqual(kind, 'other', `${what}: ${at}`)
    if (kind !== 'other')
      assert.equal(device.hands.readText(`${ROOT}/${at}`), expected.get(at)?.[kind], `${what}: ${at}`)
  }
  const contents = contentsOf(device)
  for (const name of ['over', 'from', 'gone']) assert.ok(contents.has(`old ${name}`), `${what}: ${name} is lost`)
}

describe('a batch that a crash interrupts', () => {
  for (const power of [false, true]) {
    it(`loses nothing at any call when ${power ? 'the power is cut' : 'the process is killed'}`, async () => {
      let crashes = 0
      for (let seed = 1; seed <= SEEDS; seed++) {
        for (const isDone of [false, true]) {
          for (let n = 1; ; n++) {
            const at = openDevice(seed)
            const intents = await crashDuring(at, n, { power, isDone })
            if (intents === undefined) break
            crashes += 1
            const tree = at.device.start(({ openTree }) => openTree(ROOT, FOLDER))
            const recovered = await at.world.scheduler.complete(tree.recover(intents))
            checkRecovered(at.device, recovered, `seed ${seed}, call ${n}`)
            const again = await at.world.scheduler.complete(tree.recover(intents))
            assert.deepEqual(
              again.map(({ kind }) => kind),
              recovered.map(({ kind }) => kind),
            )
          }
        }
      }
      assert.ok(crashes > 15 * SEEDS, `only ${crashes} crashes were tried`)
    })
  }

  it('keeps all that it did when it ended before the power was cut', async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { world, device } = openDevice(seed)
      assert.equal(await crashDuring({ world, device }, 1_000, { power: true, isDone: false }), undefined)
      const before = device.hands.digest(ROOT)
      device.kill({ power: true })
      assert.equal(device.hands.digest(ROOT), before)
      assert.deepEqual(
        device.hands.walk(`${ROOT}/.holt/versions`).map(({ path: at }) => at),
        ['gone-1', 'log', 'over-1'],
      )
    }
  })
})

/** What a person may do to one path between two system calls. */
const MEDDLINGS: readonly ((device: SimDevice, at: string) => void)[] = [
  ({ hands }, at) => {
    hands.write(at, 'meddled', { how: 'in-place' })
  },
  ({ hands }, at) => {
    hands.write(at, 'meddled', { how: 'swap' })
  },
  ({ hands }, at) => {
    hands.remove(at)
    hands.write(`${at}/inside`, 'meddled')
  },
]

async function meddleAt(n: number, name: string, meddle: (device: SimDevice, at: string) => void): Promise<boolean> {
  const { world, device } = openDevice(1)
  const seen = { isMeddled: false, overwritten: '' }
  const apply = async (ports: SimPorts): Promise<void> => {
    const { batch } = await prepare(ports)
    const callNo = device.disk.calls + n
    device.disk.faults = ({ no }) => {
      if (no !== callNo) return undefined
      seen.isMeddled = true
      seen.overwritten = device.hands.readText(`${ROOT}/${name}`) ?? ''
      meddle(device, `${ROOT}/${name}`)
      return undefined
    }
    const outcomes = await ports.openTree(ROOT, FOLDER).change(batch, LABEL, { signal })
    const what = `${name} at call ${n}`
    const contents = contentsOf(device)
    if (seen.isMeddled) assert.ok(contents.has('meddled'), `${what}: the person's edit is lost`)
    for (const old of ['over', 'from', 'gone'].map((each) => `old ${each}`)) {
      assert.ok(old === seen.overwritten || contents.has(old), `${what}: ${old} is lost`)
    }
    checkNothingMissing(device, batch, outcomes, what)
    await checkLooks(ports, batch, outcomes, what)
  }
  await world.scheduler.complete(device.start(apply))
  return seen.isMeddled
}

/** What a change did not do it has undone: something is where something was. */
function checkNothingMissing(
  device: SimDevice,
  batch: readonly TreeChange[],
  outcomes: readonly TreeOutcome[],
  what: string,
): void {
  for (const [i, change] of batch.entries()) {
    const isUndone = outcomes[i]?.kind !== 'done'
    const hadSomething = (change.kind === 'place' && change.expect !== null) || change.kind === 'remove'
    if (isUndone && hadSomething) assert.ok(device.hands.exists(`${ROOT}/${change.path}`), `${what}: ${change.path}`)
  }
}

/** Whatever a change says is there, and is, is what the change was to bring: never a person's edit. */
async function checkLooks(
  { openTree }: SimPorts,
  batch: readonly TreeChange[],
  outcomes: readonly TreeOutcome[],
  what: string,
): Promise<void> {
  const tree = openTree(ROOT, FOLDER)
  for (const [i, change] of batch.entries()) {
    const outcome = outcomes[i]
    if (change.kind === 'make-directory' || outcome?.kind !== 'done' || outcome.fingerprint === null) continue
    const pieces = tree.read(change.path, { expect: outcome.fingerprint, signal })
    try {
      for await (const piece of pieces) assert.notEqual(new TextDecoder().decode(piece), 'meddled', what)
    } catch (cause) {
      if (!(cause instanceof TreeError)) throw cause
    }
  }
}

describe('a batch during which a person edits', () => {
  for (const name of ['over', 'dir/fresh', 'from', 'to', 'gone']) {
    it(`loses neither the edit of ${name} nor what was there, and takes no edit for its own work`, async () => {
      for (const meddle of MEDDLINGS) {
        let n = 1
        while (await meddleAt(n, name, meddle)) n += 1
        assert.ok(n > 15, `only ${n} calls were meddled with`)
      }
    })
  }
})

describe('a batch at whose calls the disk fails', () => {
  for (const code of ['ENOSPC', 'EIO'] as const) {
    it(`loses nothing by ${code} at any call`, async () => {
      for (let n = 1; ; n++) {
        const { world, device } = openDevice(1)
        const apply = async (ports: SimPorts): Promise<boolean> => {
          const { batch, intents } = await prepare(ports)
          const callNo = device.disk.calls + n
          failCall(device.disk, n, code)
          const tree = ports.openTree(ROOT, FOLDER)
          const what = `${code} at call ${n}`
          try {
            checkNothingMissing(device, batch, await tree.change(batch, LABEL, { signal }), what)
          } catch (cause) {
            if (!(cause instanceof TreeError)) throw cause
          }
          const wasReached = device.disk.calls >= callNo
          device.disk.faults = () => undefined
          await tree.recover(intents)
          const contents = contentsOf(device)
          for (const each of ['over', 'from', 'gone'])
            assert.ok(contents.has(`old ${each}`), `${what}: ${each} is lost`)
          for (const each of ['over', 'gone']) {
            const text = device.hands.readText(`${ROOT}/${each}`)
            assert.ok(text !== undefined || each === 'gone', `${what}: ${each} is missing`)
          }
          return wasReached
        }
        if (!(await world.scheduler.complete(device.start(apply)))) break
      }
    })
  }
})

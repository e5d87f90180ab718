/** Two devices wrote one file without knowing of each other: what becomes of it, by the policy of the group. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { wish } from '../../daemon/sync/wish.ts'
import { parseRelPath } from '../../protocol/path.ts'
import type { ConflictPolicy } from '../../protocol/folder-options.ts'
import { ROOT } from '../sim/daemon.ts'
import type { FolderBench, Place } from './folder-bench.ts'
import { FOLDER, createFolderBench } from './folder-bench.ts'

/** Both have `plan.txt`; then anna writes it, and ben a minute later, while they cannot hear each other. */
async function parted(
  bench: FolderBench,
  policy: ConflictPolicy | ((ben: Place) => ConflictPolicy),
): Promise<readonly [Place, Place]> {
  const anna = bench.place('anna')
  const ben = bench.place('ben')
  bench.policy = typeof policy === 'function' ? policy(anna) : policy
  anna.write('plan.txt', 'before')
  await bench.until('both have it', () => ben.read('plan.txt') === 'before')
  await bench.world.runFor(5000)
  bench.world.network.cut(anna.device.id, ben.device.id)
  anna.write('plan.txt', 'by anna')
  await bench.world.runFor(60_000)
  ben.write('plan.txt', 'by ben')
  await bench.world.runFor(60_000)
  bench.world.network.heal(anna.device.id, ben.device.id)
  await bench.world.runFor(60_000)
  return [anna, ben]
}

/** The contents of the files in a directory of the root, by name. */
function filesOf({ device }: Place, below = ''): Record<string, string> {
  const found = device.hands.walk(`${ROOT}${below}`).filter(({ kind, path }) => kind === 'file' && path !== 'log')
  return Object.fromEntries(found.map(({ path, content }) => [path, new TextDecoder().decode(content)]))
}

/** A person at a device says which content of `plan.txt` stays. */
function choose({ daemon }: Place, keep: 'mine' | 'theirs' | 'both'): void {
  const folder = daemon.sync.engine.folder(FOLDER)
  const path = parseRelPath('plan.txt')
  assert.ok(folder !== undefined)
  const { own, others } = daemon.catalogue.read((tx) => ({
    own: tx.own(FOLDER, path)?.entry,
    others: tx.others(FOLDER, path).map(({ entry }) => entry),
  }))
  const theirs = others.find(({ modBy }) => modBy !== own?.modBy)
  assert.ok(own !== undefined && theirs !== undefined)
  wish(folder, path, { mine: own, theirs, both: 'both' as const }[keep])
}

/** A person at a device says that a conflict copy is to be the file, and there is to be no copy. */
function takeCopy(place: Place, path: string): void {
  const folder = place.daemon.sync.engine.folder(FOLDER)
  const name = Object.keys(filesOf(place)).find((each) => each !== path)
  assert.ok(folder !== undefined && name !== undefined)
  const [original, copy] = [parseRelPath(path), parseRelPath(name)]
  const row = place.daemon.catalogue.read((tx) => tx.own(FOLDER, copy))
  assert.ok(row !== undefined)
  wish(folder, original, { ...row.entry, path: original, isConflictCopy: false })
  wish(folder, copy, { ...row.entry, content: { kind: 'deleted' }, isConflictCopy: false })
}

const versionsOf = (place: Place): string[] => Object.values(filesOf(place, '/.holt/versions')).sort()

describe('contents that were written without knowing of each other', () => {
  it('are both kept, the later one under the name', async () => {
    await using bench = createFolderBench(1)
    const [anna, ben] = await parted(bench, { kind: 'keep-both' })
    assert.deepEqual(filesOf(anna), filesOf(ben))
    assert.deepEqual(Object.values(filesOf(anna)).sort(), ['by anna', 'by ben'])
    assert.equal(anna.read('plan.txt'), 'by ben')
  })

  it('leave the newest where that is the policy, and the other in the versions', async () => {
    await using bench = createFolderBench(2)
    const [anna, ben] = await parted(bench, { kind: 'newest' })
    assert.deepEqual([filesOf(anna), filesOf(ben)], [{ 'plan.txt': 'by ben' }, { 'plan.txt': 'by ben' }])
    assert.ok(versionsOf(anna).includes('by anna'))
  })

  it('leave what the preferred device wrote, and the other in the versions', async () => {
    await using bench = createFolderBench(3)
    const [anna, ben] = await parted(bench, ({ device }) => ({ kind: 'prefer', device: device.id }))
    assert.deepEqual([filesOf(anna), filesOf(ben)], [{ 'plan.txt': 'by anna' }, { 'plan.txt': 'by anna' }])
    assert.ok(versionsOf(ben).includes('by ben'))
  })

  it('stay as they are on each device where a person is to choose, and a third takes one of them', async () => {
    await using bench = createFolderBench(4)
    const [anna, ben] = await parted(bench, { kind: 'manual' })
    assert.deepEqual([filesOf(anna), filesOf(ben)], [{ 'plan.txt': 'by anna' }, { 'plan.txt': 'by ben' }])
    const carol = bench.place('carol')
    await bench.until('carol has one of them', () => carol.read('plan.txt') === 'by ben')
    await bench.world.runFor(30_000)
    assert.deepEqual([filesOf(anna), filesOf(ben)], [{ 'plan.txt': 'by anna' }, { 'plan.txt': 'by ben' }])
  })

  it('are settled on all devices by what a person chose on one', async () => {
    for (const keep of ['mine', 'theirs', 'both'] as const) {
      await using bench = createFolderBench(6)
      const [anna, ben] = await parted(bench, { kind: 'manual' })
      choose(anna, keep)
      const chosen = { mine: ['by anna'], theirs: ['by ben'], both: ['by anna', 'by ben'] }[keep]
      const isSettled = (place: Place): boolean => isDeepStrictEqual(Object.values(filesOf(place)).sort(), chosen)
      await bench.until(`${keep} is kept on both`, () => isSettled(anna) && isSettled(ben))
      await bench.world.runFor(30_000)
      assert.deepEqual(filesOf(anna), filesOf(ben))
      if (keep === 'mine') assert.ok(versionsOf(ben).includes('by ben'))
      if (keep === 'theirs') assert.ok(versionsOf(anna).includes('by anna'))
    }
  })

  it('are not settled by a choice that was made before another content came', async () => {
    await using bench = createFolderBench(7)
    const [anna, ben] = await parted(bench, { kind: 'manual' })
    bench.world.network.cut(anna.device.id, ben.device.id)
    await bench.world.runFor(60_000)
    choose(anna, 'theirs')
    ben.write('plan.txt', 'later, by ben')
    await bench.world.runFor(60_000)
    bench.world.network.heal(anna.device.id, ben.device.id)
    await bench.world.runFor(60_000)
    assert.deepEqual([filesOf(anna), filesOf(ben)], [{ 'plan.txt': 'by anna' }, { 'plan.txt': 'later, by ben' }])
  })

  it('have the name that a person chose, also where that crosses what other devices made of the same conflict', async () => {
    await using bench = createFolderBench(8)
    const [anna, ben, carrier, courier] = ['anna', 'ben', 'carrier', 'courier'].map((name) => bench.place(name))
    assert.ok(anna && ben && carrier && courier)
    const all = [anna, ben, carrier, courier]
    /** Only these two hear each other. */
    const join = async (...pair: readonly Place[]): Promise<void> => {
      const { network } = bench.world
      for (const [at, a] of all.entries())
        for (const b of all.slice(at + 1)) {
          if (pair.includes(a) && pair.includes(b)) network.heal(a.device.id, b.device.id)
          else network.cut(a.device.id, b.device.id)
        }
      await bench.world.runFor(60_000)
    }
    anna.write('plan.txt', 'before')
    await bench.until('all have it', () => all.every((place) => place.read('plan.txt') === 'before'))
    await join()
    anna.write('plan.txt', 'by anna')
    await bench.world.runFor(60_000)
    ben.write('plan.txt', 'by ben')
    await join(anna, carrier)
    await join(ben, courier)
    // Both pairs settle the same conflict, and know nothing of each other's half.
    await join(anna, courier)
    await join(ben, carrier)
    assert.deepEqual([filesOf(anna), anna.read('plan.txt')], [filesOf(ben), 'by ben'])
    takeCopy(anna, 'plan.txt')
    await bench.world.runFor(60_000)
    assert.deepEqual(filesOf(anna), { 'plan.txt': 'by anna' })
    await join(...all)
    await bench.until('all have what was chosen', () => all.every((place) => place.read('plan.txt') === 'by anna'))
    await bench.world.runFor(60_000)
    for (const place of all) assert.deepEqual(filesOf(place), filesOf(anna))
  })

  it('become copies once the policy is to keep both again', async () => {
    await using bench = createFolderBench(5)
    const [anna, ben] = await parted(bench, { kind: 'manual' })
    bench.policy = { kind: 'keep-both' }
    for (const { daemon } of [anna, ben]) daemon.sync.engine.groupChanged()
    await bench.until('both have both', () => [anna, ben].every((place) => Object.keys(filesOf(place)).length === 2))
    assert.deepEqual(filesOf(anna), filesOf(ben))
  })
})

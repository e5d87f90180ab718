/** Whatever keeps a path from being the same on all devices: it is listed with a sentence, and its story names the cause. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ROOT } from '../sim/daemon.ts'
import type { FolderBench, Place } from './folder-bench.ts'
import { FOLDER, createFolderBench } from './folder-bench.ts'
import type { FolderMode } from '../../protocol/group.ts'
import { scaled } from '../scale.ts'
import { assertListed, stateOf, told } from './told.ts'

const at = (path: string): string => `${ROOT}/${path}`
const cut = ({ world }: FolderBench, a: Place, b: Place): void => world.network.cut(a.device.id, b.device.id)
const heal = ({ world }: FolderBench, a: Place, b: Place): void => world.network.heal(a.device.id, b.device.id)

/** Both have `kept.txt` and `dir/in.txt`. */
async function pairOf(bench: FolderBench, mode: FolderMode = 'send-receive'): Promise<readonly [Place, Place]> {
  const anna = bench.place('anna')
  const before = ({ hands }: Place['device']): void => {
    // What only sends fetches nothing.
    if (mode !== 'send-only') return
    hands.write(at('kept.txt'), 'first')
    hands.write(at('dir/in.txt'), 'inside')
  }
  const ben = bench.place('ben', { mode, before })
  anna.write('kept.txt', 'first')
  anna.write('dir/in.txt', 'inside')
  const isSame = (): boolean => ben.read('kept.txt') === 'first' && ben.read('dir/in.txt') === 'inside'
  await bench.until('both have the files', isSame)
  await bench.world.runFor(10_000)
  return [anna, ben]
}

describe('the story of a path', () => {
  it('says that all is well, with what the disk, this device and the other say', async () => {
    await using bench = createFolderBench(1)
    const [anna, ben] = await pairOf(bench)
    const why = await told(bench, anna).why(at('kept.txt'))
    assert.deepEqual([why.state, why.relative, why.obstacles], ['synced', 'kept.txt', []])
    assert.deepEqual([why.disk?.kind, why.disk?.sizeBytes, why.disk?.isAsKnown], ['file', 5, true])
    assert.deepEqual([why.base?.kind, why.base?.modByName], ['file', 'anna'])
    assert.deepEqual(
      why.devices.map(({ name, says, isOnline }) => [name, says, isOnline]),
      [['ben', 'same', true]],
    )
    assert.equal(why.verdict?.code, 'up-to-date')
    assertListed(told(bench, ben), 'in sync')
  })

  it('names the device that has a file and is offline', async () => {
    await using bench = createFolderBench(2)
    const [anna, ben] = await pairOf(bench)
    const carol = bench.place('carol')
    await bench.until('carol has it', () => carol.read('kept.txt') === 'first')
    await bench.world.runFor(10_000)
    // Ben hears of it from nobody but anna's manifest, and its bytes are cut off at once.
    anna.write('large.bin', 'x'.repeat(3_000_000))
    await bench.until('ben knows of it', () => stateOf(told(bench, ben).ls(), 'large.bin') !== undefined)
    anna.kill()
    await bench.until('it waits', () => stateOf(told(bench, ben).ls(), 'large.bin') === 'waiting')
    const why = await told(bench, ben).why(at('large.bin'))
    assert.match(why.summary, /Only anna(| and carol) ha(s|ve) it, and (is|are) offline\./)
    assert.equal(why.disk?.kind, 'nothing')
    assert.equal(why.devices.find(({ name }) => name === 'anna')?.says, 'newer')
    assertListed(told(bench, ben), 'a holder is offline')
  })

  it('says which line of which file ignores it', async () => {
    await using bench = createFolderBench(3)
    const [anna, ben] = await pairOf(bench)
    anna.write('.holtignore', '# nothing\n*.tmp\n')
    anna.write('draft.tmp', 'a draft')
    await bench.until('the rules are everywhere', () => ben.read('.holtignore') !== undefined)
    await bench.world.runFor(10_000)
    const why = await told(bench, anna).why(at('draft.tmp'))
    assert.equal(why.state, 'ignored')
    assert.match(why.summary, /Line 2 of \.holtignore \(\*\.tmp\) ignores it/)
    assertListed(told(bench, anna), 'ignored')
  })

  it('says that a device which only receives has changed it, and which command gives that up', async () => {
    await using bench = createFolderBench(4)
    const [anna, ben] = await pairOf(bench, 'receive-only')
    ben.write('kept.txt', 'changed by ben')
    ben.write('new.txt', 'only here')
    ben.remove('dir/in.txt')
    await bench.world.runFor(10_000)
    const entries = told(bench, ben).ls('local')
    assert.deepEqual(
      entries.map(({ path }) => path),
      ['dir/in.txt', 'kept.txt', 'new.txt'],
    )
    const why = await told(bench, ben).why(at('kept.txt'))
    assert.deepEqual(why.obstacles[0]?.commands, ['holt revert Photos'])
    assertListed(told(bench, ben), 'changed on a receiver')
    assertListed(told(bench, anna), 'a receiver differs')
    assert.equal((await told(bench, anna).why(at('kept.txt'))).devices[0]?.says, 'not-held')
  })

  it('says that a device which only sends keeps what it has, and which command sets the others right', async () => {
    await using bench = createFolderBench(5)
    const [anna, ben] = await pairOf(bench, 'send-only')
    anna.write('kept.txt', 'changed by anna')
    anna.write('new.txt', 'not wanted')
    await bench.world.runFor(10_000)
    const why = await told(bench, ben).why(at('kept.txt'))
    assert.equal(why.state, 'held-back')
    assert.match(why.summary, /^anna changed it, and this device only sends/)
    assert.deepEqual(why.obstacles[0]?.commands, ['holt override Photos'])
    assert.deepEqual(
      told(bench, ben)
        .ls('held-back')
        .map(({ path }) => path),
      ['kept.txt', 'new.txt'],
    )
    assertListed(told(bench, ben), 'held back')
  })

  it('says that a person is to choose, and how', async () => {
    await using bench = createFolderBench(6)
    bench.policy = { kind: 'manual' }
    const [anna, ben] = await pairOf(bench)
    cut(bench, anna, ben)
    anna.write('kept.txt', 'by anna')
    ben.write('kept.txt', 'by ben')
    await bench.world.runFor(60_000)
    heal(bench, anna, ben)
    await bench.until('both know', () => stateOf(told(bench, ben).ls(), 'kept.txt') === 'undecided')
    const why = await told(bench, ben).why(at('kept.txt'))
    assert.deepEqual(why.obstacles[0]?.commands[0], `holt resolve ${at('kept.txt')} --keep mine`)
    assert.equal(why.devices[0]?.says, 'differs')
    assertListed(told(bench, ben), 'undecided')
  })

  it('says what is in the way on the disk: a special file, one that cannot be read, a name that is two', async () => {
    await using bench = createFolderBench(7)
    const [anna] = await pairOf(bench)
    anna.device.hands.makeSpecial(at('pipe'))
    anna.write('secret.txt', 'secret')
    anna.device.hands.setReadable(at('secret.txt'), false)
    anna.write('caf\u00e9', 'one')
    anna.write('cafe\u0301', 'two')
    await bench.world.runFor(200_000)
    const { ls, why } = told(bench, anna)
    assert.equal(stateOf(ls('problem'), 'pipe'), 'skipped')
    assert.match((await why(at('pipe'))).summary, /device, socket or pipe/)
    assert.match((await why(at('secret.txt'))).summary, /cannot be read/)
    assert.match((await why(at('caf\u00e9'))).summary, /one name after Unicode/)
    assertListed(told(bench, anna), 'problems')
  })

  it('says what waits for a person: every path of a mass deletion, with both answers', async () => {
    await using bench = createFolderBench(8)
    const [anna, ben] = await pairOf(bench)
    for (let i = 0; i < 20; i += 1) anna.write(`${i}.jpg`, `photo ${i}`)
    await bench.until('all are there', () => ben.read('19.jpg') !== undefined)
    await bench.world.runFor(10_000)
    for (const { path, kind } of anna.device.hands.walk(ROOT)) if (kind === 'file') anna.remove(path)
    anna.device.hands.remove(at('dir'))
    await bench.until('anna asks', () => anna.daemon.sync.engine.folder(FOLDER)?.halt?.kind === 'mass-delete-here')
    const gone = told(bench, anna).ls('deleted')
    assert.equal(gone.length, 23)
    const why = await told(bench, anna).why(at('7.jpg'))
    assert.deepEqual(why.obstacles.find(({ state }) => state === 'deleted')?.commands, [
      'holt reject Photos',
      'holt approve Photos',
    ])
    assertListed(told(bench, anna), 'halted')
    await bench.until('ben hears', () => told(bench, ben).view().state.kind === 'halted')
    assertListed(told(bench, ben), 'another device asks')
  })

  it('of a directory counts how what lies below stands, and of the root too', async () => {
    await using bench = createFolderBench(9)
    const [anna, ben] = await pairOf(bench)
    cut(bench, anna, ben)
    anna.write('dir/new.txt', 'new')
    anna.write('dir/newer.txt', 'newer')
    await bench.world.runFor(60_000)
    const why = await told(bench, anna).why(at('dir'))
    assert.deepEqual(why.below?.states, [
      { state: 'synced', count: 1 },
      { state: 'behind', count: 2 },
    ])
    assert.match(why.below.first[0]?.reason ?? '', /ben is offline and does not have it yet/)
    const root = await told(bench, anna).why(ROOT)
    assert.deepEqual([root.relative, root.below?.total], ['', 5])
    assertListed(told(bench, anna), 'a peer is behind')
  })

  it('is told of a path that is deleted, in no folder, or of Holt itself', async () => {
    await using bench = createFolderBench(10)
    const [anna, ben] = await pairOf(bench)
    ben.remove('kept.txt')
    await bench.until('it is gone', () => anna.read('kept.txt') === undefined)
    await bench.world.runFor(10_000)
    const { why } = told(bench, anna)
    const gone = await why(at('kept.txt'))
    assert.equal(gone.state, 'nothing')
    assert.match(gone.summary, /deleted, by ben; nobody has it any more/)
    assert.equal(gone.kept.length, 1)
    assert.equal((await why(at('never.txt'))).summary, 'No device has anything of that name.')
    const outside = await why('/etc/hosts')
    assert.deepEqual([outside.state, outside.folder], ['outside', null])
    assert.equal((await why(at('.holt/versions/log'))).state, 'internal')
  })
})

const SEEDS = scaled({ small: 6, full: 30 })
const STEPS = 25
const MODES = ['send-receive', 'send-receive', 'send-only', 'receive-only', 'receive-archive'] as const
const NAMES = ['a.txt', 'b.txt', 'dir/a.txt', 'dir/b.txt', 'draft.tmp']

/** A person, the network or a crash does something. */
function disturb(bench: FolderBench, places: readonly Place[], dead: Set<Place>): string {
  const { random } = bench.world
  const place = random.pick(places)
  const other = random.pick(places.filter((each) => each !== place))
  const path = random.pick(NAMES)
  const acts: Record<string, () => void> = {
    write: () => place.write(path, `${random.below(1000)}`),
    remove: () => place.remove(path),
    large: () => place.write('large.bin', 'x'.repeat(2_000_000 + random.below(10))),
    ignore: () => place.write('.holtignore', random.pick(['*.tmp\n', ''])),
    cut: () => cut(bench, place, other),
    heal: () => heal(bench, place, other),
    kill: () => {
      if (!dead.has(place)) place.kill()
      dead.add(place)
    },
    begin: () => {
      if (dead.delete(place)) place.begin()
    },
  }
  const [name, act] = random.pick(Object.entries(acts))
  act()
  return `${place.device.name}: ${name} ${path}`
}

describe('a folder that is not in sync', () => {
  it('lists the paths that are not, each with a sentence, whatever happened and at any moment', async () => {
    for (let seed = 0; seed < SEEDS; seed += 1) {
      await using bench = createFolderBench(1000 + seed)
      bench.policy = seed % 3 === 0 ? { kind: 'manual' } : { kind: 'keep-both' }
      const modes = ['send-receive', bench.world.random.pick(MODES), bench.world.random.pick(MODES)] as const
      const places = modes.map((mode, i) => bench.place(['anna', 'ben', 'carol'][i] ?? '', { mode }))
      const dead = new Set<Place>()
      const done: string[] = []
      for (let step = 0; step < STEPS; step += 1) {
        done.push(disturb(bench, places, dead))
        await bench.world.runFor(bench.world.random.pick([10, 300, 3000, 30_000]))
        for (const place of places) {
          if (dead.has(place) || place.daemon.sync.engine.get(FOLDER) === undefined) continue
          assertListed(
            told(bench, place),
            `seed ${seed}, ${place.device.name} (${modes.join()}) after ${done.join('; ')}`,
          )
        }
      }
    }
  })
})

/** What whole simulated daemons send each other: bytes of files only where they are new, and of manifests only what is new. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SimDaemon } from '../sim/daemon.ts'
import { ROOT } from '../sim/daemon.ts'
import { DaemonBench } from './daemon-bench.ts'

const PHOTO_BYTES = 300_000
/** Of frames of both directions, for one small change: the push, its acknowledgement, and the same back once it is adopted. */
const CHANGE_BYTES_MAX = 4_096

/** Anna and Ben hold the same: photos in two albums, and a note. */
async function equalDaemons(bench: DaemonBench): Promise<[SimDaemon, SimDaemon]> {
  const [annas, bens] = [bench.device('anna'), bench.device('ben')]
  for (let i = 0; i < 12; i += 1) {
    const photo = new Uint8Array(PHOTO_BYTES).fill(i + 1)
    annas.hands.write(`${ROOT}/${i < 6 ? 'sea' : 'hills'}/photo ${i}.jpg`, photo)
  }
  annas.hands.write(`${ROOT}/note.txt`, 'a note')
  const daemons: [SimDaemon, SimDaemon] = [bench.begin(annas, 'added'), bench.begin(bens, 'accepted')]
  await bench.untilEqual()
  assert.ok(daemons[0].sentBytes >= 12 * PHOTO_BYTES, 'the photos were sent once')
  for (const daemon of daemons) daemon.sentBytes = 0
  return daemons
}

const paths = ({ device }: SimDaemon): string[] => device.hands.walk(ROOT).map(({ path }) => path)
const sent = (daemons: readonly SimDaemon[]): number[] => daemons.map(({ sentBytes }) => sentBytes)

describe('a rename', () => {
  it('of a file transfers nothing: the very file is renamed', async () => {
    await using bench = new DaemonBench(11)
    const daemons = await equalDaemons(bench)
    const [anna, ben] = daemons
    const inodeOf = (path: string): number => ben.device.disk.volume.get(`${ROOT}/${path}`).number
    const inode = inodeOf('sea/photo 1.jpg')
    anna.device.hands.rename(`${ROOT}/sea/photo 1.jpg`, `${ROOT}/hills/the sea.jpg`)
    await bench.untilEqual()
    assert.ok(paths(ben).includes('hills/the sea.jpg') && !paths(ben).includes('sea/photo 1.jpg'))
    assert.equal(inodeOf('hills/the sea.jpg'), inode)
    assert.deepEqual(sent(daemons), [0, 0])
  })

  it('of a directory transfers nothing', async () => {
    await using bench = new DaemonBench(12)
    const daemons = await equalDaemons(bench)
    const [anna, ben] = daemons
    ben.device.hands.rename(`${ROOT}/sea`, `${ROOT}/2024/the sea`)
    await bench.untilEqual()
    assert.ok(paths(anna).includes('2024/the sea/photo 5.jpg') && !paths(anna).includes('sea'))
    assert.deepEqual(sent(daemons), [0, 0])
  })

  it('while the other is out of reach transfers nothing, and neither does a swap of two names', async () => {
    await using bench = new DaemonBench(13)
    const daemons = await equalDaemons(bench)
    const [anna, ben] = daemons
    const { hands } = anna.device
    bench.world.network.cut(anna.device.id, ben.device.id)
    hands.rename(`${ROOT}/sea/photo 0.jpg`, `${ROOT}/aside`)
    hands.rename(`${ROOT}/hills/photo 6.jpg`, `${ROOT}/sea/photo 0.jpg`)
    hands.rename(`${ROOT}/aside`, `${ROOT}/hills/photo 6.jpg`)
    hands.rename(`${ROOT}/hills/photo 7.jpg`, `${ROOT}/photo 7.jpg`)
    await bench.world.runFor(60_000)
    bench.world.network.healAll()
    await bench.untilEqual()
    assert.equal(ben.device.hands.read(`${ROOT}/sea/photo 0.jpg`)?.[0], 7)
    assert.equal(ben.device.hands.read(`${ROOT}/hills/photo 6.jpg`)?.[0], 1)
    assert.ok(paths(ben).includes('photo 7.jpg'))
    assert.deepEqual(sent(daemons), [0, 0])
  })
})

describe('a copy', () => {
  it('of a file that the other has transfers nothing', async () => {
    await using bench = new DaemonBench(15)
    const daemons = await equalDaemons(bench)
    const [anna, ben] = daemons
    anna.device.hands.write(`${ROOT}/copy.jpg`, new Uint8Array(PHOTO_BYTES).fill(3))
    await bench.untilEqual()
    assert.ok(paths(ben).includes('copy.jpg') && paths(ben).includes('sea/photo 2.jpg'))
    assert.deepEqual(sent(daemons), [0, 0])
  })
})

describe('a lost catalogue', () => {
  it('is recalled page by page whatever the names are, and nothing is transferred', async () => {
    await using bench = new DaemonBench(16)
    const [annas, bens] = [bench.device('anna'), bench.device('ben')]
    // Before and after all others in UTF-8, and the other way round in UTF-16.
    const names = ['\uff5e', '😀', '\ufeffnote', '𠮷', ...Array.from({ length: 300 }, (_, i) => `page ${i}`)]
    for (const name of names) annas.hands.write(`${ROOT}/${name}`, name)
    const anna = bench.begin(annas, 'added')
    const ben = bench.begin(bens, 'accepted')
    await bench.untilEqual()
    bench.endAndForget(anna)
    ben.sentBytes = 0
    const again = bench.begin(annas, 'again')
    await bench.untilEqual()
    assert.deepEqual(paths(again).length, names.length)
    assert.deepEqual(sent([again, ben]), [0, 0])
  })
})

describe('a change', () => {
  it('sends its own bytes, and of the manifest only what is new', async () => {
    await using bench = new DaemonBench(14)
    const daemons = await equalDaemons(bench)
    const [anna, ben] = daemons
    const bytes = (): number =>
      bench.world.network.bytesBetween(anna.device.id, ben.device.id) +
      bench.world.network.bytesBetween(ben.device.id, anna.device.id)
    const before = bytes()
    anna.device.hands.write(`${ROOT}/note.txt`, 'another note')
    await bench.untilEqual()
    assert.deepEqual(sent(daemons), ['another note'.length, 0])
    assert.ok(bytes() - before < CHANGE_BYTES_MAX, `${bytes() - before} bytes for one small change`)
  })
})

/** One byte flipped in everything that a small folder holds or says: detected, never served, and repaired from another device. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { blobHashOf } from '../../protocol/ids.ts'
import { openHead, openSegment } from '../../protocol/manifest.ts'
import { recordFigure } from '../figures.ts'
import { scaled } from '../scale.ts'
import { ROOT } from '../sim/daemon.ts'
import { askRound } from '../../daemon/sync/scrub.ts'
import { crypto, flipped } from './blob-bench.ts'
import { FOLDER, createFolderBench } from './folder-bench.ts'
import type { OwnHead } from '../../daemon/catalogue-port.ts'
import type { Place } from './folder-bench.ts'

const TEXT = 'Dear Ada, this is a letter of eighty bytes, so that each of them can be flipped.'
const BYTES = new TextEncoder().encode(TEXT)
const STEP = scaled({ small: 9, full: 1 })
const hash = blobHashOf(crypto.blake3(BYTES))

function inodeOf({ device }: Place, path: string): ReturnType<Place['device']['disk']['volume']['get']> {
  return device.disk.volume.get(`${ROOT}/${path}`)
}

describe('one flipped byte', () => {
  it('of a file is found by a verification, sent to nobody, and repaired, whichever it is', async () => {
    await using bench = createFolderBench(51)
    const anna = bench.place('anna')
    anna.write('letter.txt', TEXT)
    const ben = bench.place('ben')
    await bench.until('both have it', () => ben.read('letter.txt') === TEXT)
    let cases = 0
    for (let at = 0; at < BYTES.length; at += STEP) {
      inodeOf(ben, 'letter.txt').replace(flipped(BYTES, at))
      const folder = ben.daemon.sync.engine.folder(FOLDER)
      assert.ok(folder)
      askRound(folder, { isRepair: true })
      await bench.until(`byte ${at} is repaired`, () => ben.read('letter.txt') === TEXT)
      assert.equal(anna.read('letter.txt'), TEXT)
      cases += 1
    }
    const kept = ben.device.hands.walk(`${ROOT}/.holt/versions`).filter(({ path }) => path.endsWith('~letter.txt'))
    assert.equal(kept.length, cases, 'what was damaged is kept')
    recordFigure('flipped-file', { bytes: BYTES.length, cases, detected: cases, repaired: cases })
  })

  it('of a file is never served: who asks gets the bytes from another device, or none', async () => {
    let cases = 0
    for (let at = 0; at < BYTES.length; at += scaled({ small: 27, full: 3 })) {
      await using bench = createFolderBench(52 + at)
      const anna = bench.place('anna')
      anna.write('letter.txt', TEXT)
      await bench.until('it is known', () => anna.daemon.catalogue.read((tx) => tx.totals(FOLDER).files) === 1)
      inodeOf(anna, 'letter.txt').replace(flipped(BYTES, at))
      const ben = bench.place('ben')
      await bench.until('it was found', () => anna.daemon.sync.engine.folder(FOLDER)?.damaged.size === 1)
      await bench.world.runFor(60_000)
      assert.equal(ben.read('letter.txt'), undefined)
      assert.equal(anna.daemon.sentBytes, 0)
      cases += 1
    }
    recordFigure('flipped-file-asked-for', { cases, served: 0 })
  })

  it('of a whole blob that waits to be placed is found, and it is fetched again', async () => {
    let cases = 0
    for (let at = 0; at < BYTES.length; at += STEP) {
      await using bench = createFolderBench(200 + at)
      const anna = bench.place('anna')
      anna.write('letter.txt', TEXT)
      const spoiled = flipped(BYTES, at)
      const ben = bench.place('ben', {
        before: ({ hands }) => hands.write(`${ROOT}/.holt/incoming/${hash}`, spoiled),
      })
      await bench.until('the letter', () => ben.read('letter.txt') !== undefined)
      assert.equal(ben.read('letter.txt'), TEXT)
      cases += 1
    }
    recordFigure('flipped-incoming', { bytes: BYTES.length, cases, detected: cases, repaired: cases })
  })

  it('of a segment or a head is refused by whoever gets it', async () => {
    await using bench = createFolderBench(53)
    const anna = bench.place('anna')
    anna.write('letter.txt', TEXT)
    await bench.until('it is published', () => headOf(anna)?.signed != null)
    await bench.until('all of it is', () => headOf(anna)?.lastSeq === 1)
    const head = headOf(anna)
    const [segment] = anna.daemon.catalogue.read((tx) => tx.segments(FOLDER, head?.epoch ?? 0, 0, 1e6))
    assert.ok(head?.signed && segment)
    let cases = 0
    for (const [signed, open] of [
      [segment, openSegment],
      [head.signed, openHead],
    ] as const) {
      open(signed, crypto)
      for (let at = 0; at < signed.body.length; at += 1, cases += 1)
        assert.throws(() => open({ ...signed, body: flipped(signed.body, at) }, crypto), `byte ${at}`)
      for (let at = 0; at < signed.signature.length; at += 1, cases += 1)
        assert.throws(() => open({ ...signed, signature: flipped(signed.signature, at) }, crypto), `byte ${at}`)
    }
    recordFigure('flipped-segment', { cases, refused: cases })
  })
})

function headOf({ daemon }: Place): OwnHead | undefined {
  return daemon.catalogue.read((tx) => tx.ownHead(FOLDER))
}

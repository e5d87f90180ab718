/** A catalogue in which one bit is another: nothing that it then says wrongly is believed. */

import assert from 'node:assert/strict'
import { closeSync, cpSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import Database from 'better-sqlite3'
import { CatalogueError } from '../../daemon/catalogue/catalogue-error.ts'
import { openOrRenew } from '../../daemon/catalogue/catalogue-file.ts'
import { compareSum, writeSum } from '../../daemon/catalogue/catalogue-sum.ts'
import { openCatalogue } from '../../daemon/catalogue/catalogue.ts'
import type { Catalogue } from '../../daemon/catalogue-port.ts'
import { createNativeCrypto } from '../../daemon/native-crypto.ts'
import { parseDeviceId } from '../../protocol/ids.ts'
import { ROOT } from '../../protocol/path.ts'
import { recordFigure } from '../figures.ts'
import { scaled } from '../scale.ts'

const FIXTURE = new URL('../fixtures/v1/', import.meta.url).pathname
const crypto = createNativeCrypto()
const LOG = { event: () => undefined }
const { devices } = JSON.parse(readFileSync(join(FIXTURE, 'expected.json'), 'utf8')) as {
  devices: Record<string, string>
}
const [SELF, PEER] = [parseDeviceId(devices['anna']), parseDeviceId(devices['ben'])]

let home = ''
let file = ''
/** A catalogue of this version, as it is closed: two devices' entries, segments, heads, chunk lists. */
let whole = Buffer.alloc(0)

before(() => {
  home = mkdtempSync(join(tmpdir(), 'holt-flipped-'))
  file = join(home, 'catalogue.db')
  cpSync(join(FIXTURE, 'anna/home/catalogue.db'), file)
  const opened = openOrRenew(home, LOG, { self: SELF, crypto })
  startEpoch(opened.catalogue)
  opened[Symbol.dispose]()
  whole = readFileSync(file)
})
after(() => rmSync(home, { recursive: true }))

/** As if the own epoch had carried over what the one before it said. */
function startEpoch(catalogue: Catalogue): void {
  catalogue.transact({ isDurable: true }, (tx) => {
    const [folder] = tx.folders()
    const head = folder === undefined ? undefined : tx.ownHead(folder)
    assert.ok(folder && head?.signed)
    const { signed, epoch, lastSeq: seq, nextSegNo } = head
    tx.startEpoch(folder, { signed, position: { epoch, seq }, previous: { epoch: 1, seq: 2 }, nextSegNo }, head)
  })
}

function flipped(at: number, of: Buffer = whole): Buffer {
  const bytes = Buffer.from(of)
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (at % 8)), at)
  return bytes
}

/** All that is served, published or applied from; without how files look, which only costs that they are read again. */
function said(catalogue: Catalogue): { own: unknown; peer: unknown } {
  return catalogue.read((tx) => {
    const [folder] = tx.folders()
    assert.ok(folder)
    const rows = tx.ownLiveBelow(folder, ROOT, null, 1000).map(({ entry }) => entry)
    const children = tx.ownChildren(folder, ROOT).map(({ entry }) => entry)
    const head = tx.ownHead(folder)
    const chunks = rows.map(({ content }) =>
      content.kind === 'file' && content.chunks !== null ? tx.chunkList(content.chunks) : null,
    )
    const own = tx.entriesHeldBy(folder, SELF, null, 1000)
    const segments = tx.segments(folder, head?.epoch ?? 0, 0, 1e9)
    const unpublished = tx.unpublished(folder, 1000)
    return {
      own: {
        rows,
        children,
        head,
        start: tx.epochStart(folder),
        chunks,
        own,
        segments,
        unpublished,
        totals: tx.totals(folder),
      },
      peer: { entries: tx.entriesHeldBy(folder, PEER, null, 1000), position: tx.peerPosition(folder, PEER) },
    }
  })
}

const FORGOTTEN = { entries: [], position: undefined }

describe('a catalogue with one flipped byte', () => {
  it('that was closed cleanly is known by its sum, whichever byte it is', () => {
    const step = scaled({ small: 1999, full: 1 })
    let cases = 0
    writeFileSync(file, whole)
    writeSum(file, crypto)
    const fd = openSync(file, 'r+')
    for (let at = 0; at < whole.length; at += step) {
      writeSync(fd, flipped(at), at, 1, at)
      assert.equal(compareSum(file, crypto), 'different', `byte ${at}`)
      writeSync(fd, whole, at, 1, at)
      cases += 1
    }
    closeSync(fd)
    assert.equal(compareSum(file, crypto), 'equal')
    recordFigure('flipped-catalogue-closed', { bytes: whole.length, cases, detected: cases })
  })

  it('is set aside and made anew when it is opened', () => {
    writeFileSync(file, whole)
    writeSum(file, crypto)
    writeFileSync(file, flipped(whole.length - 100))
    const opened = openOrRenew(home, LOG, { self: SELF, crypto })
    assert.equal(opened.damaged, `${file}.corrupt`)
    assert.deepEqual(
      opened.catalogue.read((tx) => tx.folders()),
      [],
    )
    opened[Symbol.dispose]()
  })

  it('that nobody closed is refused, or says nothing wrong, or forgets what another device can tell again', () => {
    // In memory there is no log: two bytes of the header say so.
    const image = Buffer.from(whole).fill(1, 18, 20)
    using intact = openCatalogue({ file: image, self: SELF, crypto, mustCheck: true })
    const truth = said(intact)
    // Pages are mostly empty: what is not zero is what says something.
    const used = [...image.keys()].filter((at) => image[at] !== 0)
    const step = scaled({ small: 41, full: 3 })
    const outcomes = { refused: 0, right: 0, 'asked again': 0 }
    for (const at of used.filter((_, i) => i % step === 0)) outcomes[outcomeOf(flipped(at, image), truth, at)] += 1
    assert.ok(outcomes.refused > 10 && outcomes.right > 0, JSON.stringify(outcomes))
    recordFigure('flipped-catalogue-killed', { bytes: used.length, ...outcomes })
  })

  it('that is flipped while it is in use ends the daemon, to begin anew, before the row is believed', () => {
    writeFileSync(file, whole)
    let corrupt = 0
    using catalogue = openCatalogue({ file, self: SELF, crypto, onCorrupt: () => (corrupt += 1) })
    const hand = new Database(file)
    // One bit of the hash that a file is said to have: all else fits.
    hand.function('turned', (body: Buffer, hash: Buffer) => {
      const at = body.indexOf(hash)
      return flipped(at, body)
    })
    hand.exec('update entry set body = turned(body, hash) where hash is not null')
    hand.close()
    assert.throws(() => said(catalogue), CatalogueError)
    assert.equal(corrupt, 1)
  })
})

function outcomeOf(image: Buffer, truth: ReturnType<typeof said>, at: number): 'refused' | 'right' | 'asked again' {
  try {
    using catalogue = openCatalogue({ file: image, self: SELF, crypto, mustCheck: true })
    const now = said(catalogue)
    assert.deepEqual(now.own, truth.own, `byte ${at}`)
    const isForgotten = now.peer !== truth.peer && JSON.stringify(now.peer) === JSON.stringify(FORGOTTEN)
    if (isForgotten) return 'asked again'
    assert.deepEqual(now.peer, truth.peer, `byte ${at}`)
    return 'right'
  } catch (cause) {
    if (!(cause instanceof CatalogueError)) throw cause
    return 'refused'
  }
}

/** Whatever is told to the catalogue, it says what a model in memory says. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { openCatalogue } from '../../daemon/catalogue/catalogue.ts'
import type { CatalogueReader, CatalogueWriter, DirtyPath, OwnLook, OwnRow } from '../../daemon/catalogue-port.ts'
import { createNativeCrypto } from '../../daemon/native-crypto.ts'
import type { Entry } from '../../protocol/entry.ts'
import type { RelPath } from '../../protocol/path.ts'
import { ROOT, isBelow, parentOf } from '../../protocol/path.ts'
import { ANNA, BEN, CLEO, FOLDER, OTHER_FOLDER, at, entryOf, fileOf, vectorOf, zContent } from '../core/entries.ts'
import { scaled } from '../scale.ts'
import { CatalogueModel, byBytes, byPlace, isLive } from './model.ts'
import type { SeenMark } from './model.ts'
import { fingerprint } from './rows.ts'

const crypto = createNativeCrypto()
const numRuns = scaled({ small: 40, full: 500 })
/** Names on either side of `/` in the order of bytes, and the last character that there is. */
const PATHS = ['a', 'a/b', 'a/b/c', 'a.b', 'a0', 'b', 'b/\u{1f600}', '\u{10ffff}', 'ｚ'].map(at)
const FILES = ['1', '2', '3'].map((digit) => fileOf(digit))
const LIMIT = 1000

const zSeldom = fc.nat(7).map((dice) => dice === 0)
const zEntry = fc
  .record({
    path: fc.oneof(fc.constantFrom(...PATHS), fc.constantFrom(...PATHS.slice(0, 2))),
    content: zContent,
    isHeld: zSeldom.map((isSeldom) => !isSeldom),
    isConflictCopy: fc.boolean(),
    counter: fc.integer({ min: 1, max: 2 }),
    isByAll: fc.boolean(),
  })
  .map(({ path, content, counter, isByAll, ...rest }): Entry => {
    const version = isByAll ? vectorOf([ANNA, counter], [BEN, 1], [CLEO, 2]) : vectorOf([BEN, counter])
    return entryOf(path, content, { version, modBy: BEN, ...rest })
  })
const zPaths = fc.subarray(PATHS, { minLength: 1 })
const zPeer = fc.constantFrom(BEN, CLEO)
const zStep = fc.oneof(
  fc.record({
    kind: fc.constant('set-own' as const),
    entry: zEntry,
    look: fc.option(fc.nat(3)),
    by: fc.constantFrom('observed' as const, 'resolved' as const),
  }),
  fc.record({ kind: fc.constant('apply' as const), device: zPeer, entries: fc.array(zEntry, { maxLength: 4 }) }),
  fc.record({ kind: fc.constant('forget' as const), device: zPeer }),
  fc.record({ kind: fc.constant('mark' as const), paths: zPaths }),
  fc.record({ kind: fc.constant('mark-disputed' as const) }),
  fc.record({ kind: fc.constant('look' as const) }),
  fc.record({ kind: fc.constant('clear' as const), paths: zPaths }),
  fc.record({ kind: fc.constant('wait' as const), paths: zPaths, file: fc.constantFrom(...FILES) }),
  fc.record({ kind: fc.constant('landed' as const), file: fc.option(fc.constantFrom(...FILES)) }),
  fc.record({ kind: fc.constant('publish' as const), count: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ kind: fc.constant('new-epoch' as const) }),
)
type Step = typeof zStep extends fc.Arbitrary<infer T> ? T : never
const zStory = fc.array(fc.record({ step: zStep, isDurable: fc.boolean(), isUndone: zSeldom }), {
  minLength: 10,
  maxLength: 40,
})

/** The catalogue and its model, and the marks as both had them when somebody last looked. */
class Pair {
  model = new CatalogueModel()
  stamps: DirtyPath[] = []
  orders: SeenMark[] = []
  epoch = 1
  seq = 0

  copy(): Pair {
    return Object.assign(new Pair(), this, { model: this.model.copy() })
  }

  /** Does the same to both. */
  tell(tx: CatalogueWriter, step: Step): void {
    const { model } = this
    switch (step.kind) {
      case 'set-own': {
        const row = { entry: step.entry, fingerprint: step.look === null ? null : fingerprint(step.look) }
        tx.setOwn(FOLDER, row, step.by)
        model.setOwn(row, step.by)
        return
      }
      case 'apply':
        tx.applyEntries(FOLDER, step.device, step.entries)
        {
          model.applyEntries(step.device, step.entries)
          return
        }
      case 'forget':
        tx.forgetPeer(FOLDER, step.device)
        {
          model.forgetPeer(step.device)
          return
        }
      case 'mark':
        tx.markDirty(FOLDER, step.paths)
        {
          model.markDirty(step.paths)
          return
        }
      case 'mark-disputed':
        tx.markDisputed(FOLDER)
        {
          model.markDirty(PATHS.filter((path) => model.isDisputed(path)))
          return
        }
      case 'look':
        this.stamps = tx.dirty(FOLDER, null, LIMIT)
        this.orders = model.marks().filter(({ path }) => this.stamps.some((seen) => seen.path === path))
        return undefined
      case 'clear':
        tx.clearDirty(FOLDER, ofPaths(this.stamps, step.paths))
        {
          model.clearDirty(ofPaths(this.orders, step.paths))
          return
        }
      case 'wait':
        for (const mark of ofPaths(this.stamps, step.paths)) tx.setWaiting(FOLDER, mark, step.file.hash)
        for (const mark of ofPaths(this.orders, step.paths)) model.setWaiting(mark, step.file.hash)
        return undefined
      case 'landed':
        if (step.file === null) tx.resetWaiting(FOLDER)
        else assert.equal(tx.blobLanded(FOLDER, step.file.hash), model.landed(step.file.hash))
        if (step.file === null) model.landed(null)
        return undefined
      case 'publish': {
        this.#publish(tx, step.count)
        return
      }
      case 'new-epoch':
        this.epoch += 1
        tx.beginEpoch(FOLDER, this.epoch)
        this.seq = 0
        for (const row of model.own.values()) row.isPublished = false
        return undefined
    }
  }

  #publish(tx: CatalogueWriter, count: number): void {
    const entries = tx.unpublished(FOLDER, count)
    const signed = { body: Uint8Array.of(1), signature: Uint8Array.of(2) }
    this.seq += 1
    const lastSeq = this.seq * LIMIT + entries.length
    const head = { epoch: this.epoch, lastSeq, nextSegNo: this.seq + 1, lastSegHash: null }
    tx.addSegment(FOLDER, this.seq, entries, signed, { ...head, hlc: { ms: 0, counter: 0 }, signed: null })
    for (const { path } of entries) {
      const row = this.model.own.get(path)
      if (row !== undefined) row.isPublished = true
    }
  }
}

function ofPaths<T extends { readonly path: RelPath }>(marks: readonly T[], paths: readonly RelPath[]): T[] {
  return marks.filter(({ path }) => paths.includes(path))
}

/** Fails where the catalogue says anything else than the model. */
function compare(tx: CatalogueReader, model: CatalogueModel): void {
  for (const path of PATHS) {
    const own = model.rows(({ entry }) => entry.path === path, byBytes)[0]
    assert.deepEqual(tx.own(FOLDER, path), own, `own ${path}`)
    const others = tx.others(FOLDER, path).map(({ entry, holders }) => ({ entry, holders: [...holders].sort() }))
    assert.deepEqual(new Set(others), new Set(model.others(path)), `others ${path}`)
  }
  for (const directory of [ROOT, at('a'), at('b')] as const) {
    assert.deepEqual(
      tx.ownChildren(FOLDER, directory),
      model.rows(({ entry }) => parentOf(entry.path) === directory, byPlace),
    )
    const looks = new Set(tx.ownLooks(FOLDER, directory))
    assert.deepEqual(looks, new Set(tx.ownChildren(FOLDER, directory).map(toLook)))
    const below = model.rows(({ entry }) => isLive(entry) && isBelow(entry.path, directory), byBytes)
    assert.deepEqual(tx.ownLiveBelow(FOLDER, directory, null, LIMIT), below)
    assert.deepEqual(tx.livePaths(FOLDER, directory, null, LIMIT), model.livePaths(directory))
  }
  compareMarks(tx, model)
  assert.deepEqual(plain(tx.totals(FOLDER)), plain(model.totals(crypto)))
  assert.deepEqual(tx.unpublished(FOLDER, LIMIT), model.unpublished())
  assert.deepEqual(
    tx.conflictCopies(FOLDER, LIMIT),
    model.rows(({ entry }) => isLive(entry) && entry.isConflictCopy, byPlace),
  )
  for (const device of [BEN, CLEO]) {
    const said = [...(model.said.get(device)?.values() ?? [])].sort((a, b) => byBytes(a.path, b.path))
    assert.deepEqual(tx.entriesHeldBy(FOLDER, device, null, LIMIT), said)
  }
  for (const file of FILES) {
    const holders = PATHS.flatMap((path) => model.others(path))
      .filter(({ entry: { content } }) => content.kind === 'file' && content.hash === file.hash)
      .flatMap(({ holders }) => holders)
    assert.deepEqual(tx.holdersOf(file).sort(), [...new Set(holders)].sort())
  }
}

function toLook({ entry, fingerprint, local }: OwnRow): OwnLook {
  return { path: entry.path, fingerprint, isLive: isLive(entry), hasLocal: local !== undefined }
}

function compareMarks(tx: CatalogueReader, model: CatalogueModel): void {
  const marks = [...model.dirty].sort(([a], [b]) => byBytes(a, b))
  const ready = marks.filter(([, { waitsFor }]) => waitsFor === null).map(([path]) => path)
  const waiting = marks.flatMap(([path, { waitsFor }]) => (waitsFor === null ? [] : [{ path, hash: waitsFor }]))
  const paths = tx.dirty(FOLDER, null, LIMIT).map(({ path }) => path)
  assert.deepEqual(paths, ready.toReversed())
  assert.deepEqual(tx.waiting(FOLDER, LIMIT), waiting)
  assert.equal(tx.dirtyCount(FOLDER), ready.length)
  assert.equal(tx.waitingCount(FOLDER), waiting.length)
  assert.equal(tx.dirtyDeletes(FOLDER), model.dirtyDeletes())
}

/** Bytes of any kind as hex, so that a Buffer equals a Uint8Array. */
function plain<T extends { readonly digest: Uint8Array }>(totals: T): Omit<T, 'digest'> & { digest: string } {
  return { ...totals, digest: Buffer.from(totals.digest).toString('hex') }
}

const undo = new Error('the transaction is undone')

describe('the catalogue', () => {
  it('says what a model in memory says, whatever it is told', () => {
    fc.assert(
      fc.property(zStory, (story) => {
        using catalogue = openCatalogue({ file: ':memory:', self: ANNA, crypto })
        const pair = new Pair()
        for (const { step, isDurable, isUndone } of story) {
          const tell = (tx: CatalogueWriter): void => {
            if (!isUndone) {
              pair.tell(tx, step)
              return
            }
            pair.copy().tell(tx, step)
            throw undo
          }
          if (isUndone) assert.throws(() => catalogue.transact({ isDurable }, tell), undo)
          else catalogue.transact({ isDurable }, tell)
          catalogue.read((tx) => compare(tx, pair.model))
        }
      }),
      { numRuns },
    )
  })

  it('opened again says what it said, all of it durable', () => {
    fc.assert(
      fc.property(zStory, (story) => {
        const pair = new Pair()
        using before = openCatalogue({ file: ':memory:', self: ANNA, crypto })
        for (const { step } of story) before.transact({ isDurable: false }, (tx) => pair.tell(tx, step))
        using after = openCatalogue({ file: before.serialize(), self: ANNA, crypto })
        after.read((tx) => compare(tx, pair.model))
      }),
      { numRuns: Math.ceil(numRuns / 5) },
    )
  })

  it('takes away only marks that are no newer than those that were seen', () => {
    using catalogue = openCatalogue({ file: ':memory:', self: ANNA, crypto })
    const mark = (): void => catalogue.transact({ isDurable: false }, (tx) => tx.markDirty(FOLDER, [at('a')]))
    const look = (): DirtyPath[] => catalogue.read((tx) => tx.dirty(FOLDER, null, LIMIT))
    const clear = (seen: DirtyPath[]): void =>
      catalogue.transact({ isDurable: false }, (tx) => tx.clearDirty(FOLDER, seen))
    mark()
    const seen = look()
    mark()
    clear(seen)
    assert.equal(look().length, 1)
    clear(look())
    assert.deepEqual(look(), [])
  })

  it('does not count what is not held here among what a pass may delete', () => {
    using catalogue = openCatalogue({ file: ':memory:', self: ANNA, crypto })
    const deletes = (isHeld: boolean): number =>
      catalogue.transact({ isDurable: false }, (tx) => {
        const entry = entryOf('a', fileOf('1'), { isHeld })
        tx.setOwn(FOLDER, { entry, fingerprint: isHeld ? fingerprint(1) : null }, 'observed')
        tx.applyEntries(FOLDER, BEN, [entryOf('a', { kind: 'deleted' }, { version: vectorOf([ANNA, 1], [BEN, 1]) })])
        return tx.dirtyDeletes(FOLDER)
      })
    assert.equal(deletes(true), 1)
    assert.equal(deletes(false), 0)
  })

  it('keeps folders apart, and forgets one alone', () => {
    using catalogue = openCatalogue({ file: ':memory:', self: ANNA, crypto })
    const row = { entry: entryOf('a', fileOf('1')), fingerprint: fingerprint(1) }
    catalogue.transact({ isDurable: false }, (tx) => {
      for (const folder of [FOLDER, OTHER_FOLDER]) {
        tx.setOwn(folder, row, 'observed')
        tx.applyEntries(folder, BEN, [entryOf('a', fileOf('2'))])
      }
      tx.dropFolder(FOLDER)
    })
    catalogue.read((tx) => {
      assert.equal(tx.own(FOLDER, at('a')), undefined)
      assert.deepEqual(tx.others(FOLDER, at('a')), [])
      compareMarks(tx, new CatalogueModel())
      assert.deepEqual(tx.own(OTHER_FOLDER, at('a')), row)
      assert.equal(tx.dirtyCount(OTHER_FOLDER), 1)
      assert.equal(tx.totals(OTHER_FOLDER).files, 1)
    })
  })
})

/** What the plan of a pair says of ends that cannot hold everything, and when it waits for a person. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decidePair } from '../../daemon/core/pair-decide.ts'
import type { PairPolicy, PairViews } from '../../daemon/core/pair-decision.ts'
import { countPair, guardPair } from '../../daemon/core/pair-guard.ts'
import type { EndsTraits, PairPlan } from '../../daemon/core/pair-plan.ts'
import { planPair } from '../../daemon/core/pair-plan.ts'
import type { Item } from '../../daemon/pair-port.ts'
import type { Fingerprint } from '../../daemon/ports.ts'
import { blobHashOf } from '../../protocol/ids.ts'
import { parseRelPath } from '../../protocol/path.ts'
import { createFastCrypto } from '../sim/fast-crypto.ts'

const look = (text: string): Fingerprint => text as Fingerprint
const file = (no: number): Item => ({
  ...{ kind: 'file', look: look(`look ${no}`), sizeBytes: 1, mtimeMs: 1_000_000 * no, executable: false },
  hash: blobHashOf(new Uint8Array(32).fill(no)),
})
const link: Item = { kind: 'symlink', look: look('link'), target: 'there', mtimeMs: 0 }
const tree = (items: Readonly<Record<string, Item>>): PairViews['source'] =>
  new Map(Object.entries(items).map(([path, item]) => [parseRelPath(path), item]))

const POLICY: PairPolicy = {
  ...{ mode: 'two-way', compare: 'hash', onConflict: 'keep-both', initial: 'merge', force: null, isFirstRun: true },
}
const ALL = { hashes: true, caseSensitive: true, executableBit: true, symlinks: true }
const TRAITS: EndsTraits = { source: ALL, destination: ALL }

function plan(views: PairViews, traits: EndsTraits = TRAITS): PairPlan {
  return planPair(views, decidePair(views, POLICY, createFastCrypto()), traits)
}

describe('the plan of a pair', () => {
  it('blocks names that the disk takes for one, and overwrites neither', () => {
    const views = {
      source: tree({ 'a.txt': file(1), 'A.txt': file(2) }),
      destination: tree({ 'a.txt': file(1) }),
      base: new Map(),
    }
    const { units, blocked } = plan(views, { ...TRAITS, destination: { ...ALL, caseSensitive: false } })
    assert.deepEqual(blocked, [{ path: 'A.txt', side: 'destination', code: 'name-clash' }])
    assert.deepEqual(
      units.flatMap(({ steps }) => steps),
      [],
    )
  })

  it('blocks links where the disk has none', () => {
    const views = { source: tree({ link, a: file(1) }), destination: tree({}), base: new Map() }
    const { units, blocked } = plan(views, { ...TRAITS, destination: { ...ALL, symlinks: false } })
    assert.deepEqual(blocked, [{ path: 'link', side: 'destination', code: 'no-symlinks' }])
    assert.deepEqual(
      units.flatMap(({ steps }) => steps.map(({ path }) => path)),
      ['a'],
    )
  })

  it('brings bytes that the side has elsewhere from there', () => {
    const views = { source: tree({ a: file(1), b: file(1) }), destination: tree({ a: file(1) }), base: new Map() }
    const [step] = plan(views).units.flatMap(({ steps }) => steps)
    assert.ok(step?.kind === 'put')
    assert.deepEqual([step.from.side, step.from.path], ['destination', 'a'])
  })

  it('waits for a person while a disk that was mounted below a side is not there', () => {
    const mounted: Item = { kind: 'directory', isMount: true }
    const path = parseRelPath('disk')
    const base = new Map([[path, { path, source: mounted, destination: mounted }]])
    const views = {
      source: tree({ disk: { kind: 'directory', isMount: false } }),
      destination: tree({ disk: mounted }),
      base,
    }
    const halt = guardPair(countPair(views, []), views, { isFirstRun: false, isEndChanged: false })
    assert.equal(halt?.reason, 'mount-vanished')
    const back = { ...views, source: tree({ disk: mounted }) }
    assert.equal(guardPair(countPair(back, []), back, { isFirstRun: false, isEndChanged: false }), undefined)
  })
})

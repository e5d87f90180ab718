/** When a target counts as reached, and what is said where it is not. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Program } from '../../bench/contenders/contender.ts'
import type { Target } from '../../bench/targets.ts'
import type { Lookup } from '../../bench/verdict.ts'
import { judge, misses } from '../../bench/verdict.ts'

const ABSOLUTE: Target = { row: 'edit', atMost: 3, asked: 'edit' }
const RATIO: Target = { row: 'sync', atMost: 0.5, of: 'Syncthing by hand', limit: 'limit-sync', asked: 'sync' }

function lookup(values: Readonly<Record<string, number>>): Lookup {
  return (row: string, program: Program) => values[`${row} ${program}`]
}

describe('a target of the benchmark', () => {
  it('is met where Holt takes so much or less', () => {
    assert.equal(judge(ABSOLUTE, lookup({ 'edit Holt': 3 })).kind, 'met')
    assert.equal(judge(ABSOLUTE, lookup({ 'edit Holt': 3.01 })).kind, 'missed')
  })

  it('is a share of what its yardstick takes in the same row', () => {
    const values = { 'sync Syncthing by hand': 10, 'sync Syncthing': 100 }
    assert.deepEqual(judge(RATIO, lookup({ ...values, 'sync Holt': 5 })), { kind: 'met', atMost: 5 })
    assert.equal(judge(RATIO, lookup({ ...values, 'sync Holt': 5.1 })).kind, 'missed')
  })

  it('may be missed only within 1.3 times of a bare program that was measured', () => {
    const values = { 'sync Syncthing by hand': 10, 'sync Holt': 6 }
    assert.equal(judge(RATIO, lookup({ ...values, 'limit-sync bare Node': 6 / 1.3 + 0.01 })).kind, 'at-limit')
    assert.equal(judge(RATIO, lookup({ ...values, 'limit-sync bare Node': 6 / 1.3 - 0.01 })).kind, 'missed')
    assert.equal(judge(RATIO, lookup(values)).kind, 'missed')
  })

  it('that has no bare program is missed however near something else is', () => {
    assert.equal(judge(ABSOLUTE, lookup({ 'edit Holt': 4, 'limit-sync bare Node': 4 })).kind, 'missed')
  })

  it('fails by name where it is missed, was not measured, or had nothing to be compared with', () => {
    const said = (values: Readonly<Record<string, number>>): string[] => misses([ABSOLUTE, RATIO], lookup(values))
    assert.deepEqual(said({ 'edit Holt': 1, 'sync Holt': 1, 'sync Syncthing by hand': 2 }), [])
    const [edit = '', sync = ''] = said({ 'edit Holt': 4, 'sync Holt': 1 })
    assert.match(edit, /^edit misses its target: at most 3\.000 is asked, Holt has 4\.000\.$/)
    assert.match(sync, /^sync was not compared: install Syncthing, /)
    assert.match(said({})[0] ?? '', /^edit was not measured/)
  })
})

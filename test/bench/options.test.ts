/** What the benchmark takes for an order, and what it refuses before it measures anything. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { BenchOptions } from '../../bench/options.ts'
import { parseBenchOptions } from '../../bench/options.ts'

const NAMES = { programs: ['Holt', 'rsync'], sets: ['big', 'small'], rows: ['first-sync-big', 'wire-small'] }
const KNOWN = { ...NAMES, quickPrograms: ['Holt'] }

function optionsOf(line: string): BenchOptions {
  const asked = parseBenchOptions(line.split(' ').filter(Boolean), KNOWN)
  return asked.kind === 'options' ? asked.options : assert.fail(asked.sentence)
}

function refusalOf(line: string): string {
  const asked = parseBenchOptions(line.split(' '), KNOWN)
  return asked.kind === 'wrong' ? asked.sentence : assert.fail(`${line} is taken`)
}

describe('the options of the benchmark', () => {
  it('are every program, every data set and every row, once, where nothing is said', () => {
    const flags = { quick: false, write: false, check: false, table: false, isEverySet: true, isEveryRow: true }
    assert.deepEqual(optionsOf(''), { ...NAMES, ...flags, seed: 1, runs: 1, results: undefined })
  })

  it('choose one program, one data set, one row, a seed, a number of runs and a file', () => {
    const line = '--only rsync --set big --row wire-small --seed 0 --runs 5 --quick --results r.jsonl'
    const { programs, sets, rows, seed, runs, quick, results } = optionsOf(line)
    assert.deepEqual([programs, sets, rows], [['rsync'], ['big'], ['wire-small']])
    assert.deepEqual([seed, runs, quick, results], [0, 5, true, 'r.jsonl'])
  })

  it('are some programs for a quick look, where none is named', () => {
    assert.deepEqual(optionsOf('--quick').programs, ['Holt'])
    assert.deepEqual(optionsOf('--quick --only rsync').programs, ['rsync'])
  })

  it('know whether a data set or a row was named', () => {
    const { isEverySet, isEveryRow } = optionsOf('--set big --row wire-small')
    assert.deepEqual([isEverySet, isEveryRow], [false, false])
  })

  it('take three runs where the page is written, and write the page where it is checked', () => {
    assert.equal(optionsOf('--write').runs, 3)
    assert.equal(optionsOf('--write --runs 5').runs, 5)
    const { check, write, runs } = optionsOf('--check')
    assert.deepEqual([check, write, runs], [true, true, 3])
  })

  it('are refused where a part of the table would replace all of it', () => {
    for (const flag of ['--write', '--check'])
      for (const part of ['--quick', '--only rsync', '--set big', '--row wire-small'])
        assert.ok(refusalOf(`${flag} ${part}`).startsWith(`${flag} replaces the whole table`), part)
  })

  it('are refused where the page would have no spread', () => {
    for (const flag of ['--write', '--check'])
      assert.match(refusalOf(`${flag} --runs 1`), /^--(write|check) takes the median of at least 3 runs: /)
  })

  it('make a table of earlier results only where their file is named, and judge none of it', () => {
    assert.match(refusalOf('--table'), /^--table .* --results\.$/)
    assert.match(refusalOf('--table --results r --check'), /^--check judges one run/)
    const { table, write, runs } = optionsOf('--table --results r --write')
    assert.deepEqual([table, write, runs], [true, true, 1])
  })

  it('are refused where the number of runs is none, or has no middle', () => {
    for (const runs of ['0', '2', 'x', '1.5', '3x', '1e1', '101', '']) {
      assert.match(refusalOf(`--runs=${runs} --write`), /^--runs .*\. Give an odd number from 1 to 99\.$/, runs)
    }
  })

  it('are refused where the seed is none', () => {
    for (const seed of ['x', '0.5', '4294967296', '']) assert.match(refusalOf(`--seed=${seed}`), /^--seed .* no seed/)
  })

  it('are refused where a name is unknown, and the known ones are said', () => {
    assert.equal(refusalOf('--only holt'), '--only holt names no program. Known are Holt, rsync.')
    assert.equal(refusalOf('--set bigg'), '--set bigg names no data set. Known are big, small.')
    assert.equal(refusalOf('--row x'), '--row x names no row. Known are first-sync-big, wire-small.')
    assert.match(refusalOf('--only='), /names no program/)
  })

  it('are refused where a word is none of them', () => {
    for (const words of ['--fast', 'big', '--seed', '--quick=yes'])
      assert.match(refusalOf(words), /\. Known are --quick, /, words)
  })
})

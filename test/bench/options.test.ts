/** What the benchmark takes for an order, and what it refuses before it measures anything. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { BenchOptions } from '../../bench/options.ts'
import { parseBenchOptions } from '../../bench/options.ts'

const KNOWN = { programs: ['Holt', 'rsync'], sets: ['big', 'small'] }

function optionsOf(line: string): BenchOptions {
  const asked = parseBenchOptions(line.split(' ').filter(Boolean), KNOWN)
  return asked.kind === 'options' ? asked.options : assert.fail(asked.sentence)
}

function refusalOf(line: string): string {
  const asked = parseBenchOptions(line.split(' '), KNOWN)
  return asked.kind === 'wrong' ? asked.sentence : assert.fail(`${line} is taken`)
}

describe('the options of the benchmark', () => {
  it('are every program and every data set, once, where nothing is said', () => {
    assert.deepEqual(optionsOf(''), { ...KNOWN, quick: false, write: false, seed: 1, runs: 1 })
  })

  it('choose one program, one data set, a seed and a number of runs', () => {
    const { programs, sets, seed, runs, quick } = optionsOf('--only rsync --set big --seed 0 --runs 5 --quick')
    assert.deepEqual([programs, sets, seed, runs, quick], [['rsync'], ['big'], 0, 5, true])
    assert.ok(optionsOf('--write --runs 3').write)
  })

  it('are refused where a part of the table would replace all of it', () => {
    for (const part of ['--quick', '--only rsync', '--set big']) assert.match(refusalOf(`--write ${part}`), /^--write /)
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
    assert.match(refusalOf('--only='), /names no program/)
  })
})

/** What the micro-benchmarks take for an order. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseMicroOptions } from '../../bench/micro/micro-options.ts'

const KNOWN = ['scan', 'plan']

describe('the options of the micro-benchmarks', () => {
  it('are every part where none is named, and else that one', () => {
    assert.deepEqual(parseMicroOptions([], KNOWN), { kind: 'names', names: KNOWN })
    assert.deepEqual(parseMicroOptions(['--only', 'plan'], KNOWN), { kind: 'names', names: ['plan'] })
  })

  it('are refused with what is known where a word is none of it', () => {
    for (const words of [['--only', 'x'], ['--only'], ['--fast'], ['plan']]) {
      const asked = parseMicroOptions(words, KNOWN)
      assert.match(asked.kind === 'wrong' ? asked.sentence : '', /\. Known is --only NAME, with one of scan, plan\.$/)
    }
  })
})

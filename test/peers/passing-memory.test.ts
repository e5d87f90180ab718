/** When what passes through a socket is collected. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import { passed } from '../../daemon/peers/passing-memory.ts'

const MIB = 1024 * 1024
/** More than is ever counted: whatever passed before, the count begins anew. */
const ENOUGH_BYTES = 64 * MIB

const before = globalThis.gc
const collect = mock.fn<NodeJS.GCFunction>()

beforeEach(() => {
  passed(ENOUGH_BYTES)
  collect.mock.resetCalls()
  globalThis.gc = collect
})
afterEach(() => {
  globalThis.gc = before
})

describe('memory that passes through', () => {
  it('has the young generation collected once for each 4 MiB, and nothing else', () => {
    for (let i = 0; i < 4 * 64 - 1; i += 1) passed(MIB / 64)
    assert.equal(collect.mock.callCount(), 0)
    passed(MIB / 64)
    assert.deepEqual(
      collect.mock.calls.map((call) => call.arguments),
      [[{ type: 'minor' }]],
    )
    for (let i = 0; i < 12; i += 1) passed(MIB)
    assert.equal(collect.mock.callCount(), 4)
  })

  it('has it collected once for a buffer that is larger, however much larger', () => {
    passed(ENOUGH_BYTES)
    passed(MIB)
    assert.equal(collect.mock.callCount(), 1)
  })

  it('is left alone where nobody can ask for a collection', () => {
    globalThis.gc = undefined
    passed(ENOUGH_BYTES)
    globalThis.gc = collect
    passed(3 * MIB)
    assert.equal(collect.mock.callCount(), 0)
  })
})

/** What a daemon gives back when nothing goes on. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Rest } from '../../daemon/rest.ts'
import { createRest } from '../../daemon/rest.ts'

const MIB = 1024 * 1024

/** A daemon's life in virtual time; what stands in `gaveBack` are the moments. */
class Life {
  nowMs = 0
  heapBytes = 30 * MIB
  sleeps = 0
  readonly gaveBack: number[] = []
  readonly rest: Rest
  #due: { atMs: number; wake: () => void } | undefined

  constructor() {
    this.rest = createRest({
      clock: {
        wallMs: () => this.nowMs,
        monotonicMs: () => this.nowMs,
        sleep: (delayMs, { signal }) => {
          this.sleeps += 1
          return new Promise((resolve, reject) => {
            this.#due = { atMs: this.nowMs + delayMs, wake: resolve }
            signal.addEventListener('abort', () => reject(new Error('ended')), { once: true })
          })
        },
      },
      heapBytes: () => this.heapBytes,
      giveBack: () => {
        this.gaveBack.push(this.nowMs)
        this.heapBytes = 20 * MIB
      },
    })
  }

  async until(endMs: number): Promise<void> {
    while (this.#due !== undefined && this.#due.atMs <= endMs) {
      const { atMs, wake } = this.#due
      this.#due = undefined
      this.nowMs = atMs
      wake()
      await turn()
    }
    this.nowMs = endMs
  }
}

describe('a daemon that has come to rest', () => {
  it('gives back what it took, once, a few seconds after the last thing that went on', async () => {
    const life = new Life()
    await life.until(2000)
    life.rest.stir()
    await life.until(4900)
    assert.deepEqual(life.gaveBack, [])
    await life.until(3_600_000)
    assert.deepEqual(life.gaveBack, [5000])
    assert.ok(life.sleeps <= 2, 'it waits for nothing')
  })

  it('does it again when much has gone on since, and not for a little', async () => {
    const life = new Life()
    await life.until(10_000)
    life.rest.stir()
    life.heapBytes += 2 * MIB
    await life.until(20_000)
    assert.equal(life.gaveBack.length, 1)
    life.rest.stir()
    life.heapBytes += 5 * MIB
    await life.until(30_000)
    assert.deepEqual(life.gaveBack, [3000, 23_000])
  })

  it('gives nothing back while something goes on', async () => {
    const life = new Life()
    for (let second = 1; second <= 60; second += 1) {
      await life.until(second * 1000)
      life.rest.stir()
    }
    assert.deepEqual(life.gaveBack, [])
    life.rest[Symbol.dispose]()
  })
})

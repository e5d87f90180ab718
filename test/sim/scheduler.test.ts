/** Simulated time: its order, its ends, and that nothing of a dead life runs. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { WallClock, createSimClock } from './clock.ts'
import { Life } from './life.ts'
import { createScheduler } from './scheduler.ts'

const never = new AbortController().signal

describe('the simulated scheduler', () => {
  it('fires events by time, and equal times in the order of their making', async () => {
    const scheduler = createScheduler(1)
    const fired: string[] = []
    for (const [delayUs, name] of [
      [30, 'c'],
      [10, 'a1'],
      [20, 'b'],
      [10, 'a2'],
    ] as const) {
      scheduler.after(delayUs, () => void fired.push(`${name}@${scheduler.nowUs()}`))
    }
    assert.equal(await scheduler.run(), 'idle')
    assert.deepEqual(fired, ['a1@10', 'a2@10', 'b@20', 'c@30'])
  })

  it('lets everything that an event woke come to rest before the next, however long that takes', async () => {
    const scheduler = createScheduler(1)
    const steps: string[] = []
    const walk = async (): Promise<void> => {
      for (let i = 0; i < 5_000; i++) await Promise.resolve()
      steps.push('walked')
    }
    scheduler.after(1, () => void walk())
    scheduler.after(2, () => void steps.push('next'))
    await scheduler.run()
    assert.deepEqual(steps, ['walked', 'next'])
  })

  it('keeps heap order over many events', async () => {
    const scheduler = createScheduler(1)
    const times: number[] = []
    for (let i = 0; i < 2_000; i++) {
      scheduler.after(scheduler.random.below(500), () => void times.push(scheduler.nowUs()))
    }
    await scheduler.run()
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    )
    assert.equal(times.length, 2_000)
  })

  it('ends at the condition, at the time, or when nothing is left', async () => {
    const scheduler = createScheduler(1)
    let count = 0
    const again = (): void => {
      count += 1
      if (count < 10) scheduler.after(1_000, again)
    }
    again()
    assert.equal(await scheduler.run({ until: () => count === 3 }), 'until')
    assert.equal(await scheduler.run({ forMs: 4 }), 'time')
    assert.equal(count, 7)
    assert.equal(await scheduler.run({ until: () => count === 99 }), 'idle')
    assert.equal(count, 10)
  })

  it('gives an endless run up', async () => {
    const scheduler = createScheduler(1)
    const again = (): void => void scheduler.after(0, again)
    again()
    await assert.rejects(scheduler.run({ turnsMax: 100 }), /still busy after 100 turns/)
  })

  it('completes a promise, or says that nothing will', async () => {
    const scheduler = createScheduler(1)
    const life = new Life('a', scheduler)
    const sum = async (): Promise<number> => {
      await life.pause(5)
      return 42
    }
    assert.equal(await scheduler.complete(sum()), 42)
    await assert.rejects(scheduler.complete(new Promise(() => undefined)), /nothing is left/)
  })
})

describe('a life', () => {
  it('ends where it stands: no wait of it ends, and none of its code runs again', async () => {
    const scheduler = createScheduler(1)
    const life = new Life('a', scheduler)
    const clock = createSimClock(life, new WallClock(scheduler))
    const done: string[] = []
    const work = async (): Promise<void> => {
      try {
        for (let i = 0; ; i++) {
          done.push(`step ${i}`)
          await clock.sleep(10, { signal: never })
        }
      } finally {
        done.push('finally')
      }
    }
    void work()
    scheduler.after(25_000, () => {
      life.end()
    })
    assert.equal(await scheduler.run(), 'idle')
    assert.deepEqual(done, ['step 0', 'step 1', 'step 2'])
  })

  it('sleeps with the machine: waits go on where they stood, and only the wall clock has moved', async () => {
    const scheduler = createScheduler(1)
    const life = new Life('a', scheduler)
    const clock = createSimClock(life, new WallClock(scheduler))
    const wallMs = clock.wallMs()
    const woken: number[] = []
    for (const delayMs of [100, 5_000])
      void clock.sleep(delayMs, { signal: never }).then(() => woken.push(clock.monotonicMs()))
    await scheduler.run({ forMs: 40 })
    life.suspend()
    await scheduler.run({ forMs: 60_000 })
    assert.deepEqual(woken, [])
    life.resume()
    await scheduler.run()
    assert.deepEqual(woken, [100, 5_000])
    assert.equal(clock.wallMs() - wallMs, 65_000)
  })

  it('gives up a sleep whose signal aborts, with its reason', async () => {
    const scheduler = createScheduler(1)
    const clock = createSimClock(new Life('a', scheduler), new WallClock(scheduler))
    const cancel = new AbortController()
    const sleeping = clock.sleep(1_000, { signal: cancel.signal })
    scheduler.after(10, () => {
      cancel.abort(new Error('enough'))
    })
    await assert.rejects(scheduler.complete(sleeping), /enough/)
    assert.equal(await scheduler.run(), 'idle')
    assert.equal(scheduler.nowUs(), 10)
  })
})

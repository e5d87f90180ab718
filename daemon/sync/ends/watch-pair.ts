/** Runs a pair again and again: when a side hints at a change, and now and then without a hint. */

import type { PairResult } from '../../../protocol/api/pairs.ts'
import type { AbortOptions } from '../../ports.ts'
import type { Latch } from '../latch.ts'
import { createLatch } from '../latch.ts'
import type { PairParts, PairRunOptions } from './pair-run.ts'
import { runPair } from './pair-run.ts'
import { SIDES } from './scan-ends.ts'

/** How long changes are waited for after the first, so that they are taken together; in milliseconds. */
const QUIET_MS = 300
/** How often everything is looked at without a hint, in milliseconds. */
const LOOK_MS = 60_000

export interface WatchOptions extends PairRunOptions {
  readonly onResult: (result: PairResult) => void
}

/** Until the signal aborts, with whose reason it rejects. What is forced is forced in the first run. */
export async function watchPair(parts: PairParts, o: WatchOptions): Promise<never> {
  const latch = createLatch()
  const end = new AbortController()
  const signal = AbortSignal.any([o.signal, end.signal])
  const followers = SIDES.map((side) => follow(parts.ends[side].watch({ signal }), latch, signal))
  let { isEndChanged } = parts
  try {
    for (let force = o.force; ; force = null) {
      const result = await runPair({ ...parts, isEndChanged }, { ...o, force, signal })
      if (result.state === 'done') isEndChanged = false
      o.onResult(result)
      await nextReason(parts, latch, { signal })
    }
  } finally {
    end.abort(new Error('the watch is over'))
    await Promise.allSettled(followers)
  }
}

async function follow(hints: AsyncIterable<unknown>, latch: Latch, signal: AbortSignal): Promise<void> {
  try {
    for await (const _ of hints) latch.raise()
  } catch (cause) {
    if (!signal.aborted) throw cause
  }
}

async function nextReason({ clock }: PairParts, latch: Latch, { signal }: AbortOptions): Promise<void> {
  const over = new AbortController()
  const waiting = AbortSignal.any([signal, over.signal])
  const both = [latch.wait({ signal: waiting }), clock.sleep(LOOK_MS, { signal: waiting })]
  try {
    await Promise.race(both)
  } finally {
    over.abort(new Error('one is enough'))
    await Promise.allSettled(both)
  }
  await clock.sleep(QUIET_MS, { signal })
}

/**
 * What a daemon that has come to rest gives back. While much goes on it takes memory as it needs it; V8 would keep it for as long as
 * nothing more is asked for, and look for garbage at moments of its own.
 */

import type { Clock } from './ports.ts'

/** How long nothing went on. */
const REST_MS = 3000
/** A heap that has grown by less since the last rest is left alone: to look through it takes a tenth of a second. */
const GROWN_BYTES_MIN = 6 * 1024 * 1024

export interface RestPorts {
  readonly clock: Clock
  /** Bytes that the heap holds, garbage included. */
  readonly heapBytes: () => number
  /** Lets go of what can be read again, and collects. */
  readonly giveBack: () => void
}

export interface Rest extends Disposable {
  /** Something goes on. Costs nothing. */
  stir(): void
}

/** The start counts as something that went on. */
export function createRest({ clock, heapBytes, giveBack }: RestPorts): Rest {
  const end = new AbortController()
  const { signal } = end
  let stirredMs = clock.monotonicMs()
  let leftBytes = 0
  let isWaiting = false
  const wait = async (): Promise<void> => {
    isWaiting = true
    for (let leftMs = REST_MS; leftMs > 0; leftMs = stirredMs + REST_MS - clock.monotonicMs()) {
      await clock.sleep(leftMs, { signal })
    }
    isWaiting = false
    if (heapBytes() - leftBytes < GROWN_BYTES_MIN) return
    giveBack()
    leftBytes = heapBytes()
  }
  const begin = (): void =>
    void wait().catch((cause: unknown) => {
      if (!signal.aborted) throw cause
    })
  begin()
  return {
    stir: () => {
      stirredMs = clock.monotonicMs()
      if (!isWaiting && !signal.aborted) begin()
    },
    [Symbol.dispose]: () => end.abort(new Error('the daemon ends')),
  }
}

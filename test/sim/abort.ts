/** Abort signals, heard by many at the price of one listener: adding one to an EventTarget costs more than a turn. */

import type { Life } from './life.ts'

const listenersOf = new WeakMap<AbortSignal, Set<() => void>>()

/** Calls once when the signal aborts, unless the life has ended. Dispose it to stop listening. */
export function onAbort(signal: AbortSignal, life: Life, listener: () => void): Disposable {
  const listeners = listenersOf.get(signal) ?? listenTo(signal)
  listeners.add(listener)
  const forget = life.onceEnded(() => listeners.delete(listener))
  return {
    [Symbol.dispose]: () => {
      listeners.delete(listener)
      forget()
    },
  }
}

/** The one listener holds nothing but the set, which is empty once the lives that listened are over. */
function listenTo(signal: AbortSignal): Set<() => void> {
  const listeners = new Set<() => void>()
  listenersOf.set(signal, listeners)
  signal.addEventListener(
    'abort',
    () => {
      for (const listener of [...listeners]) listener()
      listeners.clear()
    },
    { once: true },
  )
  return listeners
}

/** What an aborted wait rejects with. */
export function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal.reason })
}

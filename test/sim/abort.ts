/** Abort signals, heard by many at the price of one listener: adding one to an EventTarget costs more than a turn. */

const listenersOf = new WeakMap<AbortSignal, Set<() => void>>()

/** Calls once when the signal aborts. Dispose it to stop listening. */
export function onAbort(signal: AbortSignal, listener: () => void): Disposable {
  const listeners = listenersOf.get(signal) ?? listenTo(signal)
  listeners.add(listener)
  return { [Symbol.dispose]: () => void listeners.delete(listener) }
}

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

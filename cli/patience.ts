/** Waiting, and saying so. */

import { setTimeout as delay } from 'node:timers/promises'
import type { Output } from './output.ts'
import type { Text } from './text.ts'

/** Before this, nobody wonders. */
const WONDER_MS = 700

/** Says what is waited for once it takes longer than a moment. */
export async function sayIfSlow<T>(out: Output, text: Text, work: Promise<T>, afterMs = WONDER_MS): Promise<T> {
  const timer = setTimeout(() => {
    out.note(text)
  }, afterMs)
  try {
    return await work
  } finally {
    clearTimeout(timer)
  }
}

/** Asks again and again until something is there. Undefined when the time is up. */
export async function poll<T>(
  ask: () => Promise<T | undefined>,
  { everyMs, deadlineMs, signal }: { everyMs: number; deadlineMs: number; signal: AbortSignal },
): Promise<T | undefined> {
  const end = performance.now() + deadlineMs
  while (true) {
    const found = await ask()
    if (found !== undefined || performance.now() > end) return found
    await delay(everyMs, undefined, { signal })
  }
}

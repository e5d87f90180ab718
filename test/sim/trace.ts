/** What happened in a run, in order: a running hash always, the lines themselves only when somebody wants to read them. */

import { hashText } from './random.ts'

export interface Trace {
  /** `kind` and values become one line; numbers and texts only, so that it is the same on every run. */
  note(kind: string, ...values: readonly (string | number)[]): void
  /** Equal for equal runs: how many notes there were, and their hash. */
  digest(): string
  /** The last lines, oldest first; empty unless lines are kept. */
  readonly lines: readonly string[]
}

/** Lines kept: enough to read how a run ended. */
const LINES_KEPT_MAX = 20_000

/** `nowUs` stamps each note. */
export function createTrace(keepsLines: boolean, nowUs: () => number): Trace {
  let [hash, count] = [hashText(''), 0]
  const lines: string[] = []
  return {
    lines,
    note(kind, ...values) {
      count += 1
      hash = hashText(kind, hash ^ nowUs())
      for (const value of values) hash = typeof value === 'number' ? hashText('#', hash ^ value) : hashText(value, hash)
      if (!keepsLines) return
      lines.push(`${(nowUs() / 1000).toFixed(3).padStart(12)} ${kind} ${values.join(' ')}`)
      if (lines.length >= 2 * LINES_KEPT_MAX) lines.splice(0, LINES_KEPT_MAX)
    },
    digest: () => `${count}-${hash.toString(16)}`,
  }
}

/** What a program takes that has nothing to do. */

import type { Program } from '../contenders/contender.ts'
import { cpuSeconds, rssMib } from '../processes.ts'
import type { Row } from '../row.ts'
import { valueOf } from '../row.ts'
import type { Step } from '../session.ts'
import { pause } from '../waiting.ts'

const SECONDS = 30
const QUICK_SECONDS = 3
const SETTLE_MS = 5000
const PROGRAMS: readonly Program[] = ['Holt', 'Syncthing']

const cpuRow: Row = {
  id: 'idle-cpu',
  title: 'idle, processor',
  unit: '%',
  sentence:
    'Processor time of a side over 30 seconds in which nothing happens, of one processor; the side that took more.',
}
const rssRow: Row = {
  id: 'idle-rss',
  title: 'idle, memory',
  unit: 'MiB',
  sentence: 'Resident memory of a side after these 30 seconds, which come after the first sync of `mixed`.',
}

export const idle: Step = {
  rows: [cpuRow, rssRow],
  programs: PROGRAMS,
  measure: async ({ contender: { sides = [] }, o }) => {
    const seconds = o.isQuick ? QUICK_SECONDS : SECONDS
    await pause(o.isQuick ? 0 : SETTLE_MS)
    const before = sides.map(({ pid }) => cpuSeconds(pid))
    await pause(seconds * 1000)
    const shares = sides.map(({ pid }, i) => ((cpuSeconds(pid) - (before[i] ?? 0)) * 100) / seconds)
    return [
      ...valueOf(cpuRow, Math.max(...shares)),
      ...valueOf(rssRow, Math.max(...sides.map(({ pid }) => rssMib(pid)))),
    ]
  },
}

/** A look through a folder in which nothing has changed. */

import type { Program } from '../contenders/contender.ts'
import type { Row } from '../row.ts'
import { median, valueOf } from '../row.ts'
import type { Step } from '../session.ts'

const SAMPLES = 3
const PROGRAMS: readonly Program[] = ['Holt', 'Syncthing by hand', 'rsync', 'rsync --fsync', 'Unison', 'rclone']

const row: Row = {
  id: 'rescan',
  title: 'rescan of `small`, no change',
  unit: 's',
  sentence: 'A program is told to look through the 20,000 files again, and finds nothing; the median of three.',
}

export const rescan: Step = {
  rows: [row],
  programs: PROGRAMS,
  measure: async ({ contender }) => {
    const seconds: number[] = []
    for (let i = 0; i < SAMPLES; i += 1) {
      const beganMs = performance.now()
      const answer = await contender.rescan?.()
      if (answer === 'done') seconds.push((performance.now() - beganMs) / 1000)
    }
    return valueOf(row, median(seconds))
  },
}

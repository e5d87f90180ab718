/** A bare walk over `small`: every directory listed, every file looked at, nothing compared. */

import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Block } from '../block.ts'
import type { Row } from '../row.ts'
import { median, valueOf } from '../row.ts'
import { settleDisk } from '../session.ts'
import { makeSet } from '../sets/make-set.ts'

const SAMPLES = 3

const row: Row = {
  id: 'limit-rescan',
  title: 'limit: walk over `small`',
  unit: 's',
  sentence: 'A bare Node process lists each directory and looks at each of the 20,000 files; the median of three.',
}

export const walkBlock: Block = {
  ...{ name: row.id, set: 'small', rows: [row], programs: ['bare Node'] },
  run: async (o) => {
    const directory = join(o.directory, 'data')
    makeSet('small', o).write(directory)
    settleDisk()
    const seconds: number[] = []
    for (let i = 0; i < SAMPLES; i += 1) {
      const beganMs = performance.now()
      await walk(directory)
      seconds.push((performance.now() - beganMs) / 1000)
    }
    return valueOf(row, median(seconds))
  },
}

async function walk(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true })
  await Promise.all(
    entries.map((entry) => {
      const path = join(directory, entry.name)
      return entry.isDirectory() ? walk(path) : lstat(path, { bigint: true })
    }),
  )
}

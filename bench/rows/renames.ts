/** Renames: nothing has to be sent but names. */

import { renameSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Program } from '../contenders/contender.ts'
import type { Row, Value } from '../row.ts'
import { valueOf } from '../row.ts'
import type { Change, Session, Step } from '../session.ts'
import { timed } from '../session.ts'
import { listFiles } from '../same.ts'

const KIB_PER_MIB = 1024
const ONE_IN = 10
const DIRECTORY = 'd0'
const PROGRAMS: readonly Program[] = [
  'Holt',
  'Syncthing',
  'Syncthing by hand',
  'rsync',
  'rsync --fsync',
  'Unison',
  'rclone',
]

export const renameFiles: Step = renameStep(
  'rename-files',
  'rename 200 of 2,000 files',
  'Every tenth file of `mixed` gets another name in its directory; the clock starts before the first of them.',
  ({ root, files, set }) => {
    const from = listFiles(root).filter((_, i) => i % ONE_IN === 0)
    const to = from.map((path) => join(dirname(path), `renamed-${basename(path)}`))
    return {
      make: () => from.forEach((path, i) => renameSync(join(root, path), join(root, to[i] ?? path))),
      expected: {
        files,
        present: to.map((path) => join(set.name, path)),
        absent: from.map((path) => join(set.name, path)),
      },
    }
  },
)

export const renameDirectory: Step = renameStep(
  'rename-directory',
  'rename a directory of 50 files',
  'A directory of `mixed`, a fortieth of its files, gets another name.',
  ({ root, files, set }) => {
    const inside = listFiles(join(root, DIRECTORY))
    return {
      make: () => renameSync(join(root, DIRECTORY), join(root, 'renamed')),
      expected: {
        files,
        present: inside.map((path) => join(set.name, 'renamed', path)),
        absent: [join(set.name, DIRECTORY)],
      },
    }
  },
)

function renameStep(id: string, title: string, sentence: string, plan: (session: Session) => Change): Step {
  const seconds: Row = { id, title, unit: 's', sentence }
  const wire: Row = {
    id: `${id}-wire`,
    title: `${title}, on the wire`,
    unit: 'KiB',
    sentence: 'Of the same change, both directions.',
  }
  return {
    rows: [seconds, wire],
    programs: PROGRAMS,
    measure: async (session): Promise<readonly Value[]> => {
      const found = await timed(session.contender, plan(session))
      const wireKib = found.wireMib === undefined ? undefined : found.wireMib * KIB_PER_MIB
      return [...valueOf(seconds, found.seconds), ...valueOf(wire, wireKib)]
    },
  }
}

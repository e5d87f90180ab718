/** What is added while nothing else happens: how long until it is at the other side. */

import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Program } from '../contenders/contender.ts'
import type { Row } from '../row.ts'
import { median, valueOf } from '../row.ts'
import type { Session, Step } from '../session.ts'
import { timed } from '../session.ts'

const SAMPLES = 10
const QUICK_SAMPLES = 3
/** A program that takes longer than this for all of them is asked less often. */
const ENOUGH_SECONDS = 25
const FILE_BYTES = 1024
const WATCHING: readonly Program[] = ['Holt', 'Syncthing', 'Syncthing by hand']

const newFileRow: Row = {
  id: 'new-file',
  title: 'new 1 KiB file while idle',
  unit: 's',
  sentence: 'A file of 1 KiB is written into the folder; the median of ten, fewer where each takes seconds.',
}
const addedDelayRow: Row = {
  id: 'added-delay',
  title: 'added delay at default settings',
  unit: 's',
  sentence:
    'A directory with one file is renamed into the folder, as the data sets are; until it is at the other side. So much at most is added to a first sync before a program begins.',
}

export const newFile: Step = {
  rows: [newFileRow],
  programs: WATCHING,
  measure: (session) =>
    sampled(newFileRow, session, (name) => {
      const path = join('new', name)
      mkdirSync(join(session.contender.here, 'new'), { recursive: true })
      return { path, make: () => writeFileSync(join(session.contender.here, path), Buffer.alloc(FILE_BYTES, name)) }
    }),
}

export const addedDelay: Step = {
  rows: [addedDelayRow],
  programs: WATCHING,
  measure: (session) =>
    sampled(addedDelayRow, session, (name) => {
      const aside = join(session.o.directory, name)
      mkdirSync(aside)
      writeFileSync(join(aside, 'one'), Buffer.alloc(FILE_BYTES, name))
      const directory = `delay-${name}`
      return { path: join(directory, 'one'), make: () => renameSync(aside, join(session.contender.here, directory)) }
    }),
}

/** @param prepare makes ready what is not measured, and names the file that comes */
async function sampled(
  row: Row,
  session: Session,
  prepare: (name: string) => { readonly path: string; make(): void },
): Promise<ReturnType<typeof valueOf>> {
  const seconds: number[] = []
  const samples = session.o.isQuick ? QUICK_SAMPLES : SAMPLES
  for (let i = 0; i < samples && seconds.reduce((a, b) => a + b, 0) < ENOUGH_SECONDS; i += 1) {
    const { path, make } = prepare(`n${i}`)
    session.files += 1
    const expected = { files: session.files, present: [path], absent: [] }
    seconds.push((await timed(session.contender, { make, expected })).seconds)
  }
  return valueOf(row, median(seconds))
}

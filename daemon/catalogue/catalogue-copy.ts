/** The copy of a catalogue that is made before another version of it, for whoever has to go back. */

import { existsSync, readdirSync, renameSync, rmSync, statSync, statfsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Database } from 'better-sqlite3'
import { CatalogueError } from './catalogue-error.ts'
import { syncPath } from './sync-path.ts'

/** What stays free beside the copy, in bytes: a migration writes, too. */
const SPARE_BYTES = 16 * 1024 * 1024
const COPY = /^catalogue\.before-v\d+\.sqlite$/

/** Where the copy of a catalogue lies that is about to become a version. */
export function copyBefore(file: string, version: number): string {
  return join(dirname(file), `${basename(file, '.db')}.before-v${version}.sqlite`)
}

/**
 * Makes the copy, whole and durable, before the first step of a migration. One that is there stays: it is of the same migration,
 * which was interrupted. @throws CatalogueError `no-space`
 */
export function copyForMigration(db: Database, file: string, version: number): void {
  const copy = copyBefore(file, version)
  if (existsSync(copy)) return
  const temporary = `${copy}.new`
  rmSync(temporary, { force: true })
  checkSpace(file, version)
  db.prepare('vacuum into ?').run(temporary)
  syncPath(temporary)
  renameSync(temporary, copy)
  syncPath(dirname(file))
}

function checkSpace(file: string, version: number): void {
  const size = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0
  const neededBytes = 2 * (size(file) + size(`${file}-wal`)) + SPARE_BYTES
  const { bavail, bsize } = statfsSync(dirname(file))
  if (bavail * bsize >= neededBytes) return
  throw noSpace(`a copy of the catalogue has to be made before it becomes version ${version}`, neededBytes, file)
}

function noSpace(why: string, neededBytes: number, file: string): CatalogueError {
  const megabytes = Math.ceil(neededBytes / 1e6)
  return new CatalogueError(
    'no-space',
    `${why}, and the disk of ${dirname(file)} is too full for it. Nothing was changed. Free ${megabytes} MB and start Holt again.`,
  )
}

/** The catalogue was opened as it is: nobody has to go back any more. */
export function removeCopies(file: string): void {
  for (const name of readdirSync(dirname(file))) {
    if (COPY.test(name) || COPY.test(name.replace(/\.new$/, ''))) rmSync(join(dirname(file), name), { force: true })
  }
}

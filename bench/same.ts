/** Whether two directories hold the same: what every measurement is checked with after its clock has stopped. */

import { execFileSync } from 'node:child_process'
import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** What programs keep for themselves in a directory. */
const OWN_NAMES = ['.holt', '.stfolder', '.stversions']
const OWN_NAME = /^\.(holt|stfolder|stversions)$/

/** Every regular file below a directory, what programs keep for themselves left out. */
export function listFiles(directory: string, below = ''): string[] {
  return readdirSync(join(directory, below), { withFileTypes: true }).flatMap((entry) => {
    if (below === '' && OWN_NAME.test(entry.name)) return []
    const path = join(below, entry.name)
    if (entry.isDirectory()) return listFiles(directory, path)
    return entry.isFile() ? [path] : []
  })
}

/** @throws Error unless both hold `files` files with the same bytes and, to the second, the same times */
export function checkSame(here: string, there: string, files: number, who: string): void {
  try {
    execFileSync('diff', ['-rq', ...OWN_NAMES.flatMap((name) => ['-x', name]), here, there], { encoding: 'utf8' })
  } catch (cause) {
    const said = cause instanceof Error && 'stdout' in cause ? String(cause.stdout).slice(0, 1000) : ''
    throw new Error(`${who} did not make both sides the same: ${said}`, { cause })
  }
  const found = listFiles(there)
  if (found.length !== files) throw new Error(`${who} brought ${found.length} of ${files} files`)
  const moved = found.find((path) => secondsOf(join(here, path)) !== secondsOf(join(there, path)))
  if (moved !== undefined) throw new Error(`${who} did not keep the time of ${moved}`)
}

/** What is to be found once a change has arrived. */
export interface Expected {
  /** How many there are in all. */
  readonly files: number
  /** Paths that are the same on both sides by size and time. A few are enough. */
  readonly present: readonly string[]
  readonly absent: readonly string[]
}

/** A cheap look, no proof. */
export function looksThere(here: string, there: string, { present, absent }: Expected): boolean {
  return (
    present.every((path) => {
      const [a, b] = [here, there].map((root) => lstatSync(join(root, path), { throwIfNoEntry: false }))
      return a !== undefined && b !== undefined && a.size === b.size && second(a.mtimeMs) === second(b.mtimeMs)
    }) && absent.every((path) => lstatSync(join(there, path), { throwIfNoEntry: false }) === undefined)
  )
}

function secondsOf(path: string): number {
  return second(lstatSync(path).mtimeMs)
}

function second(ms: number): number {
  return Math.floor(ms / 1000)
}

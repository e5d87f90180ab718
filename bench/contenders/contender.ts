/** What a benchmark runs side by side. */

import { execFileSync } from 'node:child_process'
import type { Expected } from '../same.ts'

export const PROGRAMS = [
  'Holt',
  'Syncthing',
  'Syncthing by hand',
  'rsync',
  'rsync --fsync',
  'Unison',
  'rclone',
  'bare Node',
] as const
/** Those of a quick look: no one who waits for seconds, and none twice. */
export const QUICK_PROGRAMS = ['Holt', 'Syncthing by hand', 'rsync --fsync', 'bare Node'] as const
export type Program = (typeof PROGRAMS)[number]

/** A program that keeps two directories the same. */
export interface Contender extends AsyncDisposable {
  readonly program: Program
  readonly here: string
  readonly there: string
  /** Tells a program that does not watch to begin, and resolves when both sides are the same as far as the program says. */
  settled(expected: Expected): Promise<void>
  /** Processor time of both sides so far. */
  cpuSeconds(): number
  /** Between both sides, both directions, so far. Undefined where nothing counts it, or there is no wire. */
  wireBytes(): number | undefined
  /** What runs, a side each; undefined for programs that end. */
  readonly sides: readonly RunningSide[] | undefined
  /** Looks through all that `here` holds, and resolves when it has. Undefined where that cannot be asked for. */
  rescan?(): Promise<'done' | 'not-offered'>
}

/** A daemon of one side. */
export interface RunningSide {
  readonly pid: number
}

/** The version of a program; undefined where it is not installed. */
export function versionOf(command: string, ...words: string[]): string | undefined {
  try {
    const text = execFileSync(command, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return /\d+\.\d+[\w.+-]*/.exec(text)?.[0] ?? text.slice(0, 20)
  } catch {
    return undefined
  }
}

/** What a benchmark runs side by side, and how it is measured. */

import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync, lstatSync } from 'node:fs'
import { join } from 'node:path'

/** A program that keeps two directories the same. */
export interface Contender extends AsyncDisposable {
  readonly name: string
  readonly version: string
  readonly here: string
  readonly there: string
  /** Resolves when the program says, or shows, that both sides are the same: `files` files. */
  settled(files: number): Promise<void>
  /** Resident memory of each side in MiB; empty for one-shot programs. */
  rssMib(): number[]
}

export function installed(command: string, ...words: string[]): string | undefined {
  try {
    return execFileSync(command, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0]
  } catch {
    return undefined
  }
}

/** The peak of a process's resident memory, in MiB. Linux only; 0 elsewhere. */
export function peakRssMib(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
  } catch {
    return 0
  }
}

/** Every regular file below a directory; `.holt` and `.stfolder` left out. */
export function listFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(
    (name) => !/^\.(holt|stfolder)/.test(name) && lstatSync(join(directory, name)).isFile(),
  )
}

/** @throws Error unless both directories hold the same bytes. */
export function checkSame(here: string, there: string): void {
  execFileSync('diff', ['-r', '-x', '.holt', '-x', '.stfolder', here, there])
}

export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}

/** @throws Error when it takes more than ten minutes. */
export async function until(holds: () => boolean | Promise<boolean>, everyMs: number): Promise<void> {
  const deadline = performance.now() + 600_000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('given up after ten minutes')
    await pause(everyMs)
  }
}

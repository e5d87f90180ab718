/** What a benchmark runs side by side, and how it is measured. */

import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync, lstatSync } from 'node:fs'
import { join } from 'node:path'

const PATIENCE_MS = 600_000

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

/** The peak of the resident memory of a process and of those that it started, in MiB. Linux only; 0 elsewhere. */
export function peakRssMib(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean),
    )
    const ownMib = Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
    return children.reduce((sum, child) => sum + peakRssMib(Number(child)), ownMib)
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

/**
 * Asks every so often, and less often the longer it takes: at most a hundredth of the time is lost, and asking is not what is
 * measured. @throws Error when it takes more than ten minutes.
 */
export async function until(holds: () => boolean | Promise<boolean>, everyMs: number): Promise<void> {
  const beganMs = performance.now()
  while (!(await holds())) {
    const tookMs = performance.now() - beganMs
    if (tookMs > PATIENCE_MS) throw new Error('given up after ten minutes')
    await pause(Math.max(everyMs, tookMs / 100))
  }
}

/** What a crash leaves in the log directory, so that `holt doctor` can show it: one small file each, the latest few. */

import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasErrno } from './errno.ts'

/** Reports that are kept. */
const REPORTS_MAX = 10

export interface CrashReport {
  /** ISO 8601, UTC. */
  readonly time: string
  readonly version: string
  readonly node: string
  readonly platform: string
  readonly message: string
  readonly stack: string
  /** The last log lines before it. */
  readonly recent: readonly string[]
}

export interface Crash {
  readonly wallMs: number
  readonly version: string
  readonly error: unknown
  readonly recent: readonly string[]
}

/**
 * Writes a report and returns its path, or undefined where even that fails. Synchronous: a crashed program awaits nothing.
 */
export function writeCrashReport(directory: string, crash: Crash): string | undefined {
  const time = new Date(crash.wallMs).toISOString()
  const file = join(directory, `crash-${time.replaceAll(/[:.]/g, '-')}-${process.pid}.json`)
  try {
    writeFileSync(file, `${JSON.stringify(toReport(time, crash), null, 2)}\n`, { mode: 0o600 })
    for (const old of listReports(directory).slice(REPORTS_MAX)) rmSync(join(directory, old), { force: true })
    return file
  } catch (cause) {
    if (!hasErrno(cause, 'ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EACCES', 'EMFILE', 'ENFILE', 'ENOENT')) throw cause
    return undefined
  }
}

/** Newest first. A file that is no report is left out. */
export function readCrashReports(
  directory: string,
): readonly { readonly file: string; readonly report: CrashReport }[] {
  return listReports(directory).flatMap((name) => {
    const file = join(directory, name)
    const report = parseReport(readFileSync(file, 'utf8'))
    return report === undefined ? [] : [{ file, report }]
  })
}

function toReport(time: string, { version, error, recent }: Crash): CrashReport {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return {
    ...{ time, version, node: process.version, platform: `${process.platform} ${process.arch}` },
    ...{ message, stack: describeCauses(error), recent },
  }
}

/** Stacks from the error down to its first cause. */
function describeCauses(error: unknown): string {
  const stacks: string[] = []
  for (let at = error; at instanceof Error && stacks.length < 5; at = at.cause) stacks.push(at.stack ?? at.message)
  return stacks.join('\ncaused by: ')
}

/** Their names begin with the time, so the order of names is the order of time. */
function listReports(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => /^crash-.*\.json$/.test(name))
    .sort()
    .reverse()
}

function parseReport(text: string): CrashReport | undefined {
  try {
    const value = JSON.parse(text) as Partial<CrashReport> | null
    const { time, version, node, platform, message, stack, recent } = value ?? {}
    if (typeof time !== 'string' || typeof message !== 'string' || !Array.isArray(recent)) return undefined
    return {
      ...{ time, version: String(version), node: String(node), platform: String(platform) },
      ...{ message, stack: String(stack), recent: recent.map(String) },
    }
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined
    throw cause
  }
}

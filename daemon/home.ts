/** The data directory: made when it is missing, refused when others can read it, and held by one daemon at a time. */

import { readFileSync, writeFileSync } from 'node:fs'
import { chmod, mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { hasErrno } from './errno.ts'
import { HomeError } from './home-error.ts'
import { lockHome } from './home-lock.ts'
import type { HomeLock } from './home-lock.ts'

/** Nobody but its owner. */
const DIRECTORY_MODE = 0o700
/** Any right of group or others. */
const OTHERS_MASK = 0o077

export const LOG_DIRECTORY = 'log'
const LOCK_FILE = 'daemon.lock'
/** For people and scripts; what counts is the lock. */
const PID_FILE = 'daemon.pid'

/** Disposing it lets another daemon in. */
export interface Home extends AsyncDisposable {
  /** Absolute. */
  readonly path: string
  readonly logDirectory: string
}

/** @throws HomeError when it is exposed, foreign, unusable, or another daemon has it */
export async function openHome(path: string): Promise<Home> {
  await makeDirectory(path)
  await checkDirectory(path)
  const logDirectory = join(path, LOG_DIRECTORY)
  const pidFile = join(path, PID_FILE)
  const lock = await usable(path, async () => {
    await mkdir(logDirectory, { recursive: true, mode: DIRECTORY_MODE })
    return lockHome(join(path, LOCK_FILE), () => describeHolder(path, pidFile))
  })
  await usable(path, async () => writePid(pidFile, lock))
  return {
    path,
    logDirectory,
    [Symbol.asyncDispose]: async () => {
      await rm(pidFile, { force: true })
      lock[Symbol.dispose]()
    },
  }
}

async function makeDirectory(path: string): Promise<void> {
  const made = await usable(path, () => mkdir(path, { recursive: true, mode: DIRECTORY_MODE }))
  // A umask may have taken rights of the owner away, too.
  if (made !== undefined) await chmod(path, DIRECTORY_MODE)
}

async function checkDirectory(path: string): Promise<void> {
  const found = await usable(path, () => stat(path))
  if (!found.isDirectory()) {
    throw new HomeError('home-unusable', `${path} is not a directory. Move it away, or set HOLT_HOME to another path.`)
  }
  // Windows has neither: its directories in a user's profile are the user's.
  if (process.getuid === undefined) return
  if (found.uid !== process.getuid()) {
    const advice = 'Run holt as its owner, or set HOLT_HOME to a directory of your own.'
    throw new HomeError('home-foreign', `${path} belongs to another user. ${advice}`)
  }
  if ((found.mode & OTHERS_MASK) !== 0) {
    const fix = `chmod 700 ${quoteForShell(path)}`
    throw new HomeError('home-exposed', `Others on this machine can read ${path}, where Holt's keys lie. Run: ${fix}`)
  }
}

/** Turns the operating system's refusal into a sentence with a way out. */
async function usable<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof HomeError || !(cause instanceof Error)) throw cause
    const isPlace = hasErrno(cause, 'EEXIST', 'ENOTDIR')
    const advice = isPlace
      ? 'Move it away, or set HOLT_HOME to another path.'
      : 'Set HOLT_HOME to a directory that can be written to.'
    throw new HomeError(
      'home-unusable',
      `${path} cannot be used as Holt's data directory: ${cause.message}. ${advice}`,
      { cause },
    )
  }
}

function describeHolder(path: string, pidFile: string): string {
  const pid = readPid(pidFile)
  const who = pid === undefined ? 'Another Holt daemon' : `A Holt daemon (process ${pid})`
  return `${who} already uses ${path}. Stop it with "holt stop", or set HOLT_HOME to another directory for a second one.`
}

function writePid(pidFile: string, lock: HomeLock): void {
  try {
    writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 })
  } catch (cause) {
    lock[Symbol.dispose]()
    throw cause
  }
}

function readPid(pidFile: string): string | undefined {
  try {
    return /^\d+/.exec(readFileSync(pidFile, 'utf8'))?.[0]
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT')) return undefined
    throw cause
  }
}

function quoteForShell(text: string): string {
  return /^[\w/.,:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

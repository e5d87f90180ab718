/**
 * What the machine has compiled of this program is kept in the home, so that the next start need not compile it again. Only in a
 * home that nobody else can write to: what lies there is run. Where it cannot be kept, the start takes longer, and no more.
 */

import { readdirSync, rmSync, statSync } from 'node:fs'
import { enableCompileCache, flushCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { COMPILED_DIRECTORY, homePathFor } from '../protocol/api/home-path.ts'

/** Any right of group or others. */
const OTHERS_MASK = 0o077

/** For everything that is loaded from now on. */
export function keepCompiled(): void {
  const home = homeOf()
  if (isOwn(home)) enableCompileCache(join(home, COMPILED_DIRECTORY, programKey()))
}

/** Writes what is new: a daemon lives for long, and may end without notice. What earlier versions of the program left goes. */
export function writeCompiled(): void {
  flushCompileCache()
  const home = homeOf()
  if (isOwn(home)) dropOthers(join(home, COMPILED_DIRECTORY))
}

function homeOf(): string {
  const { env: environment, platform } = process
  return resolve(homePathFor({ environment, platform, homeDirectory: homedir() }))
}

/** Another one for each installation and for each Node: what one has compiled is of no use to another. */
function programKey(): string {
  const { mtimeMs, size } = statSync(import.meta.filename)
  return [process.version, Math.floor(mtimeMs).toString(36), size.toString(36)].join('-')
}

/** Only a cache: what cannot be removed stays until the next time. */
function dropOthers(directory: string): void {
  try {
    const kept = programKey()
    for (const name of readdirSync(directory)) {
      if (name !== kept) rmSync(join(directory, name), { recursive: true, force: true })
    }
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause)) throw cause
  }
}

function isOwn(home: string): boolean {
  const found = statSync(home, { throwIfNoEntry: false })
  if (found?.isDirectory() !== true) return false
  // Windows has neither: directories in a user's profile are the user's.
  return process.getuid === undefined || (found.uid === process.getuid() && (found.mode & OTHERS_MASK) === 0)
}

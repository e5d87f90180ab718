/**
 * What the machine has compiled of this program is kept in the home, so that the next start need not compile it again. Only in a
 * home that nobody else can write to: what lies there is run. Where it cannot be kept, the start takes longer, and no more.
 */

import { statSync } from 'node:fs'
import { enableCompileCache, flushCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { COMPILED_DIRECTORY, homePathFor } from '../protocol/api/home-path.ts'

/** Any right of group or others. */
const OTHERS_MASK = 0o077

/** For everything that is loaded from now on. */
export function keepCompiled(): void {
  const { env: environment, platform } = process
  const home = resolve(homePathFor({ environment, platform, homeDirectory: homedir() }))
  if (isOwn(home)) enableCompileCache(join(home, COMPILED_DIRECTORY))
}

/** Writes what is new: a daemon lives for long, and may end without notice. */
export function writeCompiled(): void {
  flushCompileCache()
}

function isOwn(home: string): boolean {
  const found = statSync(home, { throwIfNoEntry: false })
  if (found?.isDirectory() !== true) return false
  // Windows has neither: directories in a user's profile are the user's.
  return process.getuid === undefined || (found.uid === process.getuid() && (found.mode & OTHERS_MASK) === 0)
}

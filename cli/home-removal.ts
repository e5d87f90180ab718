/** Removing a daemon's state, and nothing that it did not make. */

import { lstat, readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { HOME_ENTRIES } from '../protocol/api/home-path.ts'

export interface StateRemoval {
  readonly isGone: boolean
  /** What stays because the daemon did not make it. */
  readonly left: readonly string[]
}

/** The daemon must have stopped. A home that is not there is gone already. */
export async function removeState(home: string): Promise<StateRemoval> {
  const found = await lstat(home).catch(() => undefined)
  if (found?.isDirectory() !== true) return { isGone: false, left: [] }
  const names = await readdir(home)
  const left = names.filter((name) => !HOME_ENTRIES.some((pattern) => pattern.test(name)))
  for (const name of names) if (!left.includes(name)) await rm(join(home, name), { recursive: true, force: true })
  if (left.length === 0) await rmdir(home)
  return { isGone: left.length === 0, left }
}

/**
 * One daemon a home. The lock is SQLite's exclusive lock on an empty database: the operating system lets go of it when the
 * process ends, however it ends, so there is no stale lock, no guess whether a process id was used again, and no race.
 */

import Database from 'better-sqlite3'
import { HomeError } from './home-error.ts'

/** Held until it is disposed or the process ends. */
export type HomeLock = Disposable

/** Nothing else in this process may open the file: closing it would let go of the lock (POSIX). @throws HomeError `second-daemon` */
export function lockHome(file: string, describeHolder: () => string): HomeLock {
  const database = new Database(file, { timeout: 0 })
  try {
    database.pragma('journal_mode = DELETE')
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    if (!(cause instanceof Database.SqliteError) || !cause.code.startsWith('SQLITE_BUSY')) throw cause
    throw new HomeError('second-daemon', describeHolder(), { cause })
  }
  return { [Symbol.dispose]: () => void database.close() }
}

/** The catalogue in SQLite: everything that can be derived again. Losing it costs a rescan and a fetch, never data. */

import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import type { Crypto } from '../../protocol/crypto.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import type { Catalogue } from '../catalogue-port.ts'
import { checkCatalogue } from './catalogue-check.ts'
import { copyForMigration } from './catalogue-copy.ts'
import { CatalogueError } from './catalogue-error.ts'
import { createReader } from './reader.ts'
import type { Tables } from './rows.ts'
import { openTables } from './rows.ts'
import { MIGRATIONS, migrate, versionOf } from './schema.ts'
import { createWriter, forgetDevice } from './writer.ts'

export interface CatalogueOptions {
  /** A file, `:memory:`, or the bytes of a database. */
  readonly file: string | Buffer
  readonly self: DeviceId
  readonly crypto: Crypto
  /** Nobody vouches for it: all of it is looked through before it is used. */
  readonly mustCheck?: boolean
  /** To another version; the steps of this program unless a test has others. */
  readonly steps?: readonly string[]
  /** What it holds turned out to be damaged while it was read or written. */
  readonly onCorrupt?: (cause: unknown) => void
}

export interface SqliteCatalogue extends Catalogue {
  /** It was of an older version when it was opened. */
  readonly wasMigrated: boolean
  /** The whole database as bytes, as it is now. */
  serialize(): Buffer
  /** Moves what the log holds into the database file; cheap when nothing waits. */
  checkpoint(): void
  /** Lets go of memory that only holds what can be read again. */
  rest(): void
}

/** A later call that meets a damaged page throws what SQLite says. @throws CatalogueError `newer`, `corrupt` */
export function openCatalogue(o: CatalogueOptions): SqliteCatalogue {
  const { db, wasMigrated } = openDatabase(o)
  try {
    return { ...overDatabase(db, o), wasMigrated }
  } catch (cause) {
    db.close()
    throw toCatalogueError(cause)
  }
}

function overDatabase(db: Database.Database, o: CatalogueOptions): Omit<SqliteCatalogue, 'wasMigrated'> {
  const tables = openTables(db, o.self)
  if (o.mustCheck === true) checkAndForget(db, tables, o)
  const reader = createReader(tables)
  const writer = createWriter(tables, reader, o.crypto)
  const begin = db.prepare('begin immediate')
  const commit = db.prepare('commit')
  const rollback = db.prepare('rollback')
  let synced: boolean | undefined
  const failed = (cause: unknown): unknown => {
    if (isCorrupt(cause)) o.onCorrupt?.(cause)
    return toDiskError(cause)
  }
  return {
    read: (body) => {
      try {
        return body(reader)
      } catch (cause) {
        throw failed(cause)
      }
    },
    transact: ({ isDurable }, body) => {
      // In WAL mode a FULL commit syncs the log, and with it every commit before. In memory there is nothing to sync.
      if (isDurable !== synced && !db.memory) db.pragma(`synchronous = ${isDurable ? 'full' : 'normal'}`)
      synced = isDurable
      begin.run()
      try {
        const result = body(writer)
        writer.flush()
        commit.run()
        return result
      } catch (cause) {
        if (db.inTransaction) rollback.run()
        writer.discard()
        tables.reload()
        throw failed(cause)
      }
    },
    serialize: () => db.serialize(),
    checkpoint: () => void db.pragma('wal_checkpoint(passive)'),
    rest: () => {
      tables.entries.clear()
      db.pragma('shrink_memory')
    },
    [Symbol.dispose]: () => void db.close(),
  }
}

/** What another device said and no longer adds up is forgotten: it tells it again. */
function checkAndForget(db: Database.Database, tables: Tables, { crypto, steps = MIGRATIONS }: CatalogueOptions): void {
  const differing = checkCatalogue(db, tables, crypto, steps)
  db.transaction(() => {
    for (const { folder, device } of differing) forgetDevice(tables, folder, device)
  })()
}

/** What the disk refuses, in a sentence; anything else as it is. */
function toDiskError(cause: unknown): unknown {
  if (!(cause instanceof Database.SqliteError)) return cause
  if (cause.code === 'SQLITE_FULL')
    return new CatalogueError('full', 'the disk that holds the catalogue is full; free some space on it', { cause })
  if (!/^SQLITE_(IOERR|READONLY|CANTOPEN)/.test(cause.code)) return cause
  return new CatalogueError('io', `the disk that holds the catalogue fails: ${cause.message}`, { cause })
}

/** A page that is not what SQLite wrote, or a file that is no database at all. */
function isCorrupt(cause: unknown): boolean {
  if (cause instanceof CatalogueError) return cause.code === 'corrupt'
  return cause instanceof Database.SqliteError && /^SQLITE_(CORRUPT|NOTADB)/.test(cause.code)
}

function openDatabase({ file, steps = MIGRATIONS }: CatalogueOptions): { db: Database.Database; wasMigrated: boolean } {
  let db: Database.Database | undefined
  try {
    if (typeof file === 'string') refuseNewer(file, steps)
    db = new Database(file)
    const wasMigrated = bringUpToDate(db, file, steps)
    return { db, wasMigrated }
  } catch (cause) {
    db?.close()
    throw toCatalogueError(cause)
  }
}

/**
 * Whatever kills the program on the way: the copy is whole or not there, and the next start goes on at the step that was cut off.
 * @returns whether it was of an older version. @throws CatalogueError `newer`, `no-space`, SqliteError
 */
export function bringUpToDate(db: Database.Database, file: string | Buffer, steps: readonly string[]): boolean {
  // Before anything that writes: what a newer program wrote stays as it is.
  const found = versionOf(db, steps.length)
  const isOlder = found > 0 && found < steps.length
  if (typeof file === 'string' && isOlder) copyForMigration(db, file, steps.length)
  // Nobody else opens it: the lock is taken once, and not for each look.
  db.pragma('locking_mode = exclusive')
  db.pragma('journal_mode = wal')
  db.pragma('foreign_keys = off')
  db.pragma('cache_size = -8000')
  migrate(db, steps)
  return isOlder
}

/** Through an eye that cannot write: not even what a log still holds is moved. @throws CatalogueError `newer`, `corrupt`, `unusable` */
export function refuseNewer(file: string, steps: readonly string[] = MIGRATIONS): void {
  if (!existsSync(file)) return
  let db: Database.Database | undefined
  try {
    db = new Database(file, { readonly: true })
    versionOf(db, steps.length)
  } catch (cause) {
    throw toCatalogueError(cause)
  } finally {
    db?.close()
  }
}

function toCatalogueError(cause: unknown): CatalogueError {
  if (cause instanceof CatalogueError) return cause
  const code = cause instanceof Database.SqliteError ? cause.code : ''
  if (code === 'SQLITE_FULL')
    return new CatalogueError(
      'no-space',
      'the disk is too full for the catalogue. Free some space and start Holt again.',
      { cause },
    )
  if (/^SQLITE_(CANTOPEN|IOERR|READONLY|PERM|AUTH|BUSY|NOMEM)/.test(code)) {
    const why = cause instanceof Error ? cause.message : String(cause)
    return new CatalogueError(
      'unusable',
      `the catalogue cannot be opened: ${why}. Nothing was changed. See that its files are yours, and that their disk works.`,
      { cause },
    )
  }
  const message = 'the catalogue cannot be read; it can be derived again from the folders and the other devices'
  return new CatalogueError('corrupt', message, { cause })
}

/** The catalogue in SQLite: everything that can be derived again. Losing it costs a rescan and a fetch, never data. */

import Database from 'better-sqlite3'
import type { Crypto } from '../../protocol/crypto.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import type { Catalogue } from '../catalogue-port.ts'
import { CatalogueError } from './catalogue-error.ts'
import { createReader } from './reader.ts'
import { openTables } from './rows.ts'
import { migrate, versionOf } from './schema.ts'
import { createWriter } from './writer.ts'

export interface CatalogueOptions {
  /** A file, `:memory:`, or the bytes of a database. */
  readonly file: string | Buffer
  readonly self: DeviceId
  readonly crypto: Crypto
  /** What it holds turned out to be damaged while it was read or written. */
  readonly onCorrupt?: (cause: unknown) => void
}

export interface SqliteCatalogue extends Catalogue {
  /** The whole database as bytes, as it is now. */
  serialize(): Buffer
  /** Moves what the log holds into the database file; cheap when nothing waits. */
  checkpoint(): void
}

/** A later call that meets a damaged page throws what SQLite says. @throws CatalogueError `newer`, `corrupt` */
export function openCatalogue(o: CatalogueOptions): SqliteCatalogue {
  const db = openDatabase(o.file)
  try {
    return overDatabase(db, o)
  } catch (cause) {
    db.close()
    throw toCatalogueError(cause)
  }
}

function overDatabase(db: Database.Database, o: CatalogueOptions): SqliteCatalogue {
  const tables = openTables(db, o.self)
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
    [Symbol.dispose]: () => void db.close(),
  }
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
  return cause instanceof Database.SqliteError && /^SQLITE_(CORRUPT|NOTADB)/.test(cause.code)
}

function openDatabase(file: string | Buffer): Database.Database {
  let db: Database.Database | undefined
  try {
    db = new Database(file)
    // Before anything that writes: what a newer program wrote stays as it is.
    versionOf(db)
    db.pragma('journal_mode = wal')
    db.pragma('foreign_keys = off')
    db.pragma('cache_size = -8000')
    migrate(db)
    return db
  } catch (cause) {
    db?.close()
    throw toCatalogueError(cause)
  }
}

function toCatalogueError(cause: unknown): CatalogueError {
  if (cause instanceof CatalogueError) return cause
  const message = 'the catalogue cannot be read; it can be derived again from the folders and the other devices'
  return new CatalogueError('corrupt', message, { cause })
}

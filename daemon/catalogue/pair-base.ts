/** What is remembered of a pair, in a SQLite file of its own: losing it costs a first run again, never data. */

import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { toChunkList } from '../../protocol/chunks.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import type { BaseChanges, BaseRow, EndIntent, PairBase, Side, Sighting } from '../pair-port.ts'
import { PairBaseError } from './pair-base-error.ts'
import { encodeItem, parseBaseRow, parseIntent, parseMeta, parseSighting } from './pair-rows.ts'

const SCHEMA_VERSION = 1
const SCHEMA = `
  create table meta (key text primary key, value text not null) without rowid;
  create table rows (path text primary key, source text not null, destination text not null) without rowid;
  create table seen (side text not null, path text not null, look text not null, hash text not null,
    primary key (side, path)) without rowid;
  create table lists (hash text primary key, hashes blob not null) without rowid;
  create table intents (side text not null, path text not null, intent text not null,
    primary key (side, path)) without rowid;
`
const COMPANIONS = ['-wal', '-shm', '-journal']

/** Where the ends of a pair are, and which directories they are. */
export interface EndIdentity {
  /** With all symbolic links resolved. */
  readonly path: string
  /** By its marker. */
  readonly marker: string
}
export type EndIdentities = Readonly<Record<Side, EndIdentity>>

export interface PairBaseOptions {
  /** A file; it is made where it is missing, but for a base that is only read. */
  readonly file: string
  readonly crypto: Pick<Crypto, 'blake3'>
  readonly isReadOnly: boolean
}

export interface OpenPairBase extends PairBase {
  /** Undefined before the first run. */
  identities(): EndIdentities | undefined
  setIdentities(ends: EndIdentities): void
}

/** A base that cannot be read is set aside, and begun anew. @throws PairBaseError `busy`, `newer`: it is left alone */
export function openPairBase(o: PairBaseOptions): OpenPairBase {
  if (o.isReadOnly) return openReadOnly(o)
  mkdirSync(dirname(o.file), { recursive: true, mode: 0o700 })
  try {
    return readable(overDatabase(openDatabase(o.file), o.crypto))
  } catch (cause) {
    if (!isDamaged(cause)) throw cause
    setAside(o.file)
    return overDatabase(openDatabase(o.file), o.crypto)
  }
}

/** Reads it once, before anything counts on it. */
function readable(base: OpenPairBase): OpenPairBase {
  try {
    base.identities()
    for (const _ of base.rows());
    for (const _ of base.sightings());
    for (const side of ['source', 'destination'] as const) base.intents(side)
    return base
  } catch (cause) {
    base[Symbol.dispose]()
    throw cause
  }
}

/** Changes nothing, on the disk or in memory that is used again. */
function openReadOnly({ file, crypto }: PairBaseOptions): OpenPairBase {
  const memory = (): Database.Database => initialise(new Database(':memory:'))
  if (!existsSync(file)) return overDatabase(memory(), crypto)
  try {
    const stored = new Database(file, { readonly: true, timeout: 0 })
    try {
      checkVersion(stored)
      return readable(overDatabase(new Database(stored.serialize()), crypto))
    } finally {
      stored.close()
    }
  } catch (cause) {
    if (!isDamaged(cause)) throw toBaseError(cause)
    return overDatabase(memory(), crypto)
  }
}

function openDatabase(file: string): Database.Database {
  const db = new Database(file, { timeout: 0 })
  try {
    // The lock of SQLite is held until the file is closed, however the process ends.
    db.pragma('locking_mode = exclusive')
    db.pragma('journal_mode = wal')
    db.exec('begin immediate; commit')
    checkVersion(db)
    if (db.pragma('user_version', { simple: true }) === 0) initialise(db)
    else if (db.pragma('quick_check(1)', { simple: true }) !== 'ok') throw damaged('it fails its check')
    return db
  } catch (cause) {
    db.close()
    throw toBaseError(cause)
  }
}

function initialise(db: Database.Database): Database.Database {
  db.transaction(() => {
    db.exec(SCHEMA)
    db.pragma(`user_version = ${SCHEMA_VERSION}`)
  })()
  return db
}

function checkVersion(db: Database.Database): void {
  const version = Number(db.pragma('user_version', { simple: true }))
  if (version > SCHEMA_VERSION)
    throw new PairBaseError('newer', 'What is remembered of this pair was written by a newer Holt.')
}

function damaged(why: string): PairBaseError {
  return new PairBaseError('damaged', `What was remembered of the pair cannot be read: ${why}.`)
}

function isDamaged(cause: unknown): boolean {
  if (cause instanceof PairBaseError) return cause.code === 'damaged'
  return cause instanceof Database.SqliteError && /^SQLITE_(CORRUPT|NOTADB)/.test(cause.code)
}

function toBaseError(cause: unknown): unknown {
  if (!(cause instanceof Database.SqliteError) || !/^SQLITE_(BUSY|LOCKED)/.test(cause.code)) return cause
  return new PairBaseError('busy', 'Another run of this pair is under way.', { cause })
}

/** For whoever wants to look at it; the one before it goes. */
function setAside(file: string): void {
  renameSync(file, `${file}.damaged`)
  for (const suffix of COMPANIONS) rmSync(file + suffix, { force: true })
}

function overDatabase(db: Database.Database, crypto: Pick<Crypto, 'blake3'>): OpenPairBase {
  const meta = (key: string): unknown => db.prepare('select value from meta where key = ?').pluck().get(key)
  const putMeta = (key: string, value: string): void =>
    void db.prepare('insert or replace into meta values (?, ?)').run(key, value)
  const writer = createWriter(db)
  return {
    get isKnown() {
      return meta('known') === 'yes'
    },
    rows: () => readRows(db),
    sightings: () => readSightings(db),
    chunkList: (hash) => {
      const hashes = db.prepare('select hashes from lists where hash = ?').pluck().get(hash)
      return hashes instanceof Uint8Array ? toChunkList(hashes, crypto) : undefined
    },
    remember: writer.remember,
    setIntents: writer.setIntents,
    intents: (side) => {
      const texts = db.prepare('select intent from intents where side = ? order by path').pluck().all(side)
      return texts.map(parseIntent)
    },
    setKnown: () => {
      putMeta('known', 'yes')
      db.exec('delete from lists')
    },
    forget: () => {
      db.exec(`delete from rows; delete from seen; delete from intents; delete from meta where key = 'known'`)
    },
    identities: () => parseMeta(meta('ends')),
    setIdentities: (ends) => putMeta('ends', JSON.stringify(ends)),
    [Symbol.dispose]: () => void db.close(),
  }
}

function* readRows(db: Database.Database): Iterable<BaseRow> {
  for (const row of db.prepare('select path, source, destination from rows').all()) yield parseBaseRow(row)
}

function* readSightings(db: Database.Database): Iterable<Sighting> {
  for (const row of db.prepare('select side, path, look, hash from seen').all()) yield parseSighting(row)
}

function createWriter(db: Database.Database): Pick<PairBase, 'remember' | 'setIntents'> {
  const setRow = db.prepare('insert or replace into rows values (?, ?, ?)')
  const dropRow = db.prepare('delete from rows where path = ?')
  const setSeen = db.prepare('insert or replace into seen values (?, ?, ?, ?)')
  const dropSeen = db.prepare(`delete from seen where side in ('source', 'destination') and path = ?`)
  const setList = db.prepare('insert or replace into lists values (?, ?)')
  const clearIntents = db.prepare('delete from intents')
  const clearSide = db.prepare('delete from intents where side = ?')
  const setIntent = db.prepare('insert or replace into intents values (?, ?, ?)')
  return {
    remember: db.transaction(({ set = [], drop = [], seen = [], lists = [], isSettled = false }: BaseChanges) => {
      // First: the row of a path says it as well.
      for (const { side, path, look, hash } of seen) setSeen.run(side, path, look, hash)
      for (const { path, source, destination } of set) {
        setRow.run(path, encodeItem(source), encodeItem(destination))
        dropSeen.run(path)
      }
      for (const path of drop) {
        dropRow.run(path)
        dropSeen.run(path)
      }
      for (const { hash, list } of lists) setList.run(hash, list.hashes)
      if (isSettled) clearIntents.run()
    }),
    setIntents: (side: Side, intents: readonly EndIntent[]) => {
      // In WAL mode a FULL commit syncs the log.
      if (!db.memory) db.pragma('synchronous = full')
      db.transaction(() => {
        clearSide.run(side)
        for (const intent of intents) setIntent.run(side, intent.path, JSON.stringify(intent))
      })()
      if (!db.memory) db.pragma('synchronous = normal')
    },
  }
}

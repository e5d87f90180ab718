/** The writing half of the catalogue. Folder totals are summed up in memory and stored once a transaction. */

import type { Crypto, Signed } from '../../protocol/crypto.ts'
import type { Entry } from '../../protocol/entry.ts'
import { entryDigest } from '../../protocol/entry.ts'
import type { DeviceId, FolderId } from '../../protocol/ids.ts'
import { idBytes } from '../../protocol/ids.ts'
import { moveDigest } from '../../protocol/manifest.ts'
import type { RelPath } from '../../protocol/path.ts'
import type {
  CatalogueReader,
  CatalogueWriter,
  FolderTotals,
  OwnHead,
  OwnRow,
  PlannedIntent,
} from '../catalogue-port.ts'
import { createDirtyWriter } from './dirty.ts'
import { NEVER_PUBLISHED, createLogWriter, insertSegment, setOwnHead } from './log-rows.ts'
import { totalsOf } from './reader.ts'
import { SELF_BIT, entryAt, entryToBody, hashOf, kindNumber, localToBody, place } from './rows.ts'
import type { Tables } from './rows.ts'
import { sealed } from './seal.ts'

export interface BufferedWriter extends CatalogueWriter {
  /** Stores the totals that the transaction changed. */
  flush(): void
  /** Forgets what a rolled-back transaction changed. */
  discard(): void
}

export function createWriter(tables: Tables, reader: CatalogueReader, crypto: Crypto): BufferedWriter {
  const { sql } = tables
  const n = tables.folderNo
  const totals = new Map<FolderId, FolderTotals>()
  const dirty = createDirtyWriter(tables)
  const moveTotals = (folder: FolderId, before: Entry | undefined, after: Entry | undefined): void => {
    totals.set(folder, movedTotals(totals.get(folder) ?? totalsOf(tables, folder), before, after, crypto))
  }
  return {
    ...reader,
    totals: (folder) => totals.get(folder) ?? totalsOf(tables, folder),
    setOwn: (folder, row, by) => {
      const before = setOwn(tables, folder, row)
      moveTotals(folder, before, row.entry)
      if (by === 'observed' && saysOther(tables, folder, row.entry.path)) dirty.markDirty(folder, [row.entry.path])
    },
    dropOwn: (folder, path) => moveTotals(folder, dropOwn(tables, folder, path), undefined),
    setFingerprint: (folder, path, fingerprint) =>
      void sql('update own set fingerprint = ?, local = null where folder = ? and parent = ? and name = ?').run(
        fingerprint,
        n(folder),
        ...place(path),
      ),
    ...dirty,
    putChunkList: (list) =>
      void sql('insert or ignore into chunk_list (digest, hashes) values (?, ?)').run(
        idBytes(list.digest),
        sealed(list.hashes),
      ),
    beginEpoch: (folder, epoch) => beginEpoch(tables, folder, epoch),
    addSegment: (folder, segNo, entries, signed, head) => addSegment(tables, folder, segNo, entries, signed, head),
    ...createLogWriter(tables),
    applyEntries: (folder, device, entries) => {
      const news = entries.filter((entry) => applyEntry(tables, folder, device, entry) === 'news')
      dirty.markDirty(
        folder,
        news.map((entry) => entry.path),
      )
    },
    forgetPeer: (folder, device) => {
      dirty.markDirty(folder, dropDevice(tables, folder, device))
      sql('delete from peer_position where folder = ? and device = ?').run(n(folder), tables.deviceIndex(device))
    },
    setIntents: (folder, intents) => setIntents(tables, folder, intents),
    clearIntents: (folder) => void sql('delete from intent where folder = ?').run(n(folder)),
    dropFolder: (folder) => {
      for (const table of [
        'entry',
        'own',
        'total',
        'dirty',
        'own_head',
        'epoch_start',
        'segment',
        'peer_position',
        'intent',
      ]) {
        sql(`delete from ${table} where folder = ?`).run(n(folder))
      }
      tables.entries.clear()
      totals.delete(folder)
    },
    flush: () => {
      const store = sql('insert or replace into total (folder, live, files, bytes, digest) values (?, ?, ?, ?, ?)')
      for (const [folder, total] of totals) store.run(n(folder), total.live, total.files, total.bytes, total.digest)
      totals.clear()
    },
    discard: () => totals.clear(),
  }
}

function movedTotals(
  totals: FolderTotals,
  before: Entry | undefined,
  after: Entry | undefined,
  crypto: Crypto,
): FolderTotals {
  const count = (entry: Entry | undefined, of: (entry: Entry) => number): number =>
    entry === undefined ? 0 : of(entry)
  const live = (entry: Entry): number => (entry.content.kind === 'deleted' || !entry.isHeld ? 0 : 1)
  const files = (entry: Entry): number => (entry.content.kind === 'file' ? live(entry) : 0)
  const bytes = (entry: Entry): number => (entry.content.kind === 'file' ? live(entry) * entry.content.sizeBytes : 0)
  return {
    live: totals.live - count(before, live) + count(after, live),
    files: totals.files - count(before, files) + count(after, files),
    bytes: totals.bytes - count(before, bytes) + count(after, bytes),
    digest: moveDigest(
      totals.digest,
      before?.isHeld === true ? entryDigest(before, crypto) : null,
      after?.isHeld === true ? entryDigest(after, crypto) : null,
    ),
  }
}

/** Whether another device says anything of a path that is not word for word our own entry. */
function saysOther(tables: Tables, folder: FolderId, path: RelPath): boolean {
  const found: unknown = tables
    .sql(
      `select 1 from entry where folder = ? and path = ? and held and holders > ${SELF_BIT} and not holders & ${SELF_BIT} limit 1`,
    )
    .get(tables.folderNo(folder), path)
  return found !== undefined
}

/** @returns the entry that was there before. */
function setOwn(tables: Tables, folder: FolderId, row: OwnRow): Entry | undefined {
  const { sql } = tables
  const { entry } = row
  const folderNo = tables.folderNo(folder)
  const [parent, name] = place(entry.path)
  const before = ownEntry(tables, folderNo, entry.path)
  const known = before === undefined ? undefined : entryAt(before, tables)
  const id = addHolder(tables, folderNo, entry, SELF_BIT)
  if (before !== undefined && before !== id) dropHolder(tables, before, SELF_BIT)
  const live = entry.content.kind === 'deleted' || !entry.isHeld ? 0 : 1
  sql(
    'insert or replace into own (folder, parent, name, entry, live, fingerprint, seq, local) values (?, ?, ?, ?, ?, ?, ?, ?)',
  ).run(
    folderNo,
    parent,
    name,
    id,
    live,
    row.fingerprint,
    row.local?.isOnlyHere === true ? NEVER_PUBLISHED : null,
    row.local === undefined ? null : localToBody(entry.path, row.local, tables),
  )
  return known
}

/** @returns the entry that was there. */
function dropOwn(tables: Tables, folder: FolderId, path: RelPath): Entry | undefined {
  const folderNo = tables.folderNo(folder)
  const before = ownEntry(tables, folderNo, path)
  if (before === undefined) return undefined
  const known = entryAt(before, tables)
  tables.sql('delete from own where folder = ? and parent = ? and name = ?').run(folderNo, ...place(path))
  dropHolder(tables, before, SELF_BIT)
  return known
}

/** The row of this device's entry of a path. */
function ownEntry(tables: Tables, folderNo: number, path: RelPath): number | undefined {
  return tables
    .sql('select entry from own where folder = ? and parent = ? and name = ?')
    .pluck()
    .get(folderNo, ...place(path)) as number | undefined
}

function dropHolder(tables: Tables, entryRow: number, bit: number): void {
  tables.sql('update entry set holders = holders & ~? where id = ?').run(bit, entryRow)
  const { changes } = tables.sql('delete from entry where id = ? and holders = 0').run(entryRow)
  if (changes > 0) tables.entries.forget(entryRow)
}

/** The row of an entry, with one more holder. */
function addHolder(tables: Tables, folderNo: number, entry: Entry, bit: number): number {
  const { sql, entries } = tables
  const kept = entries.rowOf(entry, folderNo)
  const body = kept === undefined ? entryToBody(entry, tables) : null
  const known =
    kept ??
    (sql('select id from entry where folder = ? and path = ? and body = ?').pluck().get(folderNo, entry.path, body) as
      number | undefined)
  if (known !== undefined) {
    sql('update entry set holders = holders | ? where id = ?').run(bit, known)
    return known
  }
  const added = sql(
    'insert into entry (folder, path, kind, held, conflict, hash, holders, body) values (?, ?, ?, ?, ?, ?, ?, ?)',
  ).run(
    folderNo,
    entry.path,
    kindNumber(entry),
    entry.isHeld ? 1 : 0,
    entry.isConflictCopy ? 1 : 0,
    hashOf(entry),
    bit,
    body,
  )
  const row = Number(added.lastInsertRowid)
  entries.keep({ folderNo, row }, entry)
  return row
}

/** @returns whether anything may follow from it: not where the device comes to say what is so here. */
function applyEntry(tables: Tables, folder: FolderId, device: DeviceId, entry: Entry): 'news' | 'known' {
  const bit = tables.deviceBit(device)
  const folderNo = tables.folderNo(folder)
  const old = tables
    .sql('select id from entry where folder = ? and path = ? and holders & ?')
    .pluck()
    .all(folderNo, entry.path, bit)
  const id = addHolder(tables, folderNo, entry, bit)
  for (const each of old) if (each !== id) dropHolder(tables, Number(each), bit)
  return old.length === 0 && isMadeTrue(tables, id) ? 'known' : 'news'
}

/** Whether the disk here is as an entry says. */
function isMadeTrue({ sql }: Tables, entryRow: number): boolean {
  const found: unknown = sql('select 1 from own where entry = ? and (fingerprint is not null or not live)').get(
    entryRow,
  )
  return found !== undefined
}

/** Takes a device out of the holders. @returns the paths of which it said anything: what they should be may be another thing now. */
function dropDevice(tables: Tables, folder: FolderId, device: DeviceId): RelPath[] {
  const [bit, folderNo] = [tables.deviceBit(device), tables.folderNo(folder)]
  const paths = tables.sql('select path from entry where folder = ? and holders & ?').pluck().all(folderNo, bit)
  tables.entries.clear()
  tables.sql('delete from entry where folder = ? and holders = ?').run(folderNo, bit)
  tables.sql('update entry set holders = holders & ~? where folder = ? and holders & ?').run(bit, folderNo, bit)
  return paths as RelPath[]
}

function beginEpoch(tables: Tables, folder: FolderId, epoch: number): void {
  const folderNo = tables.folderNo(folder)
  const before = tables.sql('select hlc_ms, hlc_counter from own_head where folder = ?').get(folderNo) as
    { hlc_ms: number; hlc_counter: number } | undefined
  for (const table of ['segment', 'epoch_start']) tables.sql(`delete from ${table} where folder = ?`).run(folderNo)
  tables.sql(`update own set seq = null where folder = ? and (seq is null or seq <> ${NEVER_PUBLISHED})`).run(folderNo)
  setOwnHead(tables, folder, {
    epoch,
    lastSeq: 0,
    nextSegNo: 0,
    lastSegHash: null,
    hlc: { ms: before?.hlc_ms ?? 0, counter: before?.hlc_counter ?? 0 },
    signed: null,
  })
}

function addSegment(
  tables: Tables,
  folder: FolderId,
  segNo: number,
  entries: readonly Entry[],
  signed: Signed,
  head: OwnHead,
): void {
  const { sql } = tables
  const folderNo = tables.folderNo(folder)
  insertSegment(tables, folder, head.epoch, segNo, signed)
  const publish = sql('update own set seq = ? where folder = ? and parent = ? and name = ?')
  const firstSeq = head.lastSeq - entries.length + 1
  for (const [i, entry] of entries.entries()) publish.run(firstSeq + i, folderNo, ...place(entry.path))
  setOwnHead(tables, folder, head)
}

function setIntents(tables: Tables, folder: FolderId, intents: readonly PlannedIntent[]): void {
  const insert = tables.sql(
    'insert or replace into intent (folder, path, batch, body, arriving, replaced_fingerprint, keep_as) values (?, ?, ?, ?, ?, ?, ?)',
  )
  for (const { path, batch, entry, arriving, replaced } of intents) {
    const beside = [path, batch, arriving, replaced?.fingerprint ?? null, replaced?.keepAs ?? null] as const
    const [, , ...rest] = beside
    insert.run(tables.folderNo(folder), path, batch, entryToBody(entry, tables, beside), ...rest)
  }
}

/** All that a device said of a folder, both by their numbers. The paths are resolved again with the next full scan. */
export function forgetDevice({ sql, entries }: Tables, folder: number, device: number): void {
  const bit = 2 ** device
  entries.clear()
  sql('delete from entry where folder = ? and holders = ?').run(folder, bit)
  sql('update entry set holders = holders & ~? where folder = ? and holders & ?').run(bit, folder, bit)
  sql('delete from peer_position where folder = ? and device = ?').run(folder, device)
}

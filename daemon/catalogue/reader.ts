/** The reading half of the catalogue. */

import type { BlobRef, ChunkList } from '../../protocol/chunks.ts'
import type { Entry } from '../../protocol/entry.ts'
import type { BlobHash, ChunkListHash, DeviceId, FolderId } from '../../protocol/ids.ts'
import { idBytes } from '../../protocol/ids.ts'
import { HASH_BYTES } from '../../protocol/limits.ts'
import type { DirPath, RelPath } from '../../protocol/path.ts'
import type { CatalogueReader, FolderTotals, OthersEntry, OwnLook, OwnRow, PlannedIntent } from '../catalogue-port.ts'
import type { FileIdentity, Fingerprint, VersionName } from '../ports.ts'
import { createDirtyReader } from './dirty.ts'
import { createLocalReader } from './local-rows.ts'
import { createLogReader } from './log-rows.ts'
import { createPathReader } from './paths.ts'
import type { Beside } from './seal.ts'
import { unsealed } from './seal.ts'
import { createStandingReader } from './standing.ts'
import {
  KIND_DELETED,
  OWN_COLUMNS,
  SELF_BIT,
  WHOLE_OWN_COLUMNS,
  devicesIn,
  endOf,
  entryAt,
  entryFromBody,
  ownRow,
  place,
  startOf,
  wholeOwnRow,
} from './rows.ts'
import type { OwnColumns, Tables, WholeOwnColumns } from './rows.ts'

const OWN = `select ${WHOLE_OWN_COLUMNS} from own o join entry e on e.id = o.entry`

export function createReader(tables: Tables): CatalogueReader {
  const { sql } = tables
  const n = tables.folderNo
  const rows = (columns: unknown[]): OwnRow[] => columns.map((row) => wholeOwnRow(row as WholeOwnColumns, tables))
  const entries = (bodies: unknown[]): Entry[] => bodies.map((body) => entryFromBody(body, tables))
  return {
    own: (folder, path) => {
      const row = sql(`select ${OWN_COLUMNS} from own o where o.folder = ? and o.parent = ? and o.name = ?`).get(
        n(folder),
        ...place(path),
      )
      return row === undefined ? undefined : ownRow(row as OwnColumns, tables)
    },
    ownChildren: (folder, directory) =>
      rows(sql(`${OWN} where o.folder = ? and o.parent = ? order by o.name`).all(n(folder), directory)),
    ownLooks: (folder, directory) => ownLooks(tables, folder, directory),
    ownNames: (folder, directory) =>
      sql('select name from own where folder = ? and parent = ? and live and fingerprint is not null')
        .pluck()
        .all(n(folder), directory) as string[],
    ownLiveBelow: (folder, directory, after, limit) => ownLiveBelow(tables, folder, directory, after, limit),
    ownDirectories: (folder) => [...ownDirectories(tables, n(folder))],
    others: (folder, path) => othersOf(tables, folder, path),
    ownByHash: (hash, limit) => ownByHash(tables, hash, limit),
    holdersOf: (blob) => holdersOf(tables, blob),
    chunkList: (digest) => chunkListOf(tables, digest),
    ...createDirtyReader(tables),
    totals: (folder) => totalsOf(tables, folder),
    ...createStandingReader(tables),
    ...createLogReader(tables),
    entriesHeldBy: (folder, device, after, limit) =>
      entries(
        sql('select body from entry where folder = ? and holders & ? and path > ? order by path limit ?')
          .pluck()
          .all(n(folder), tables.deviceBit(device), after ?? '', limit),
      ),
    intents: (folder) => intentsOf(tables, folder),
    conflictCopies: (folder, limit) =>
      rows(
        sql(
          `select ${WHOLE_OWN_COLUMNS} from entry e indexed by entry_conflict join own o on o.entry = e.id
           where e.folder = ? and e.conflict and o.live order by o.parent, o.name limit ?`,
        ).all(n(folder), limit),
      ),
    ...createLocalReader(tables),
    ...createPathReader(tables),
    folders: () => [...tables.folderIds()],
  }
}

function ownLooks(tables: Tables, folder: FolderId, directory: DirPath): OwnLook[] {
  const rows = tables
    .sql('select name, fingerprint, live, local is not null from own where folder = ? and parent = ?')
    .raw()
    .all(tables.folderNo(folder), directory) as [string, Fingerprint | null, number, number][]
  const above = startOf(directory)
  return rows.map(([name, fingerprint, live, local]) => ({
    path: `${above}${name}` as RelPath,
    fingerprint,
    isLive: live === 1,
    hasLocal: local === 1,
  }))
}

/** From one to the next: looks at a row or two of each, however many it has. */
function* ownDirectories({ sql }: Tables, folderNo: number): Iterable<DirPath> {
  const hasLive = sql('select 1 from own where folder = ? and parent = ? and live and fingerprint is not null limit 1')
  let next = sql('select parent from own where folder = ? order by parent limit 1').pluck().get(folderNo)
  while (next !== undefined) {
    if (hasLive.get(folderNo, next) !== undefined) yield next as DirPath
    next = sql('select parent from own where folder = ? and parent > ? order by parent limit 1')
      .pluck()
      .get(folderNo, next)
  }
}

function ownByHash(tables: Tables, hash: BlobHash, limit: number): { folder: FolderId; row: OwnRow }[] {
  return tables
    .sql(
      `select o.folder as folder, ${OWN_COLUMNS} from entry e join own o on o.entry = e.id
       where e.hash = ? and e.holders & ${SELF_BIT} and o.fingerprint is not null limit ?`,
    )
    .all(idBytes(hash), limit)
    .map((row) => row as OwnColumns & { folder: number })
    .map((row) => ({ folder: folderAt(tables, row.folder), row: ownRow(row, tables) }))
}

function folderAt(tables: Tables, folderNo: number): FolderId {
  const folder = tables.folderIds()[folderNo]
  if (folder === undefined) throw new Error(`no folder has number ${folderNo}`)
  return folder
}

function ownLiveBelow(
  tables: Tables,
  folder: FolderId,
  directory: string,
  after: RelPath | null,
  limit: number,
): OwnRow[] {
  const dir = directory as RelPath
  const from = after ?? startOf(dir)
  return tables
    .sql(
      `select ${WHOLE_OWN_COLUMNS} from entry e join own o on o.entry = e.id
       where e.folder = ? and e.path > ? and e.path < ? and e.kind < ${KIND_DELETED} and e.held and e.holders & ${SELF_BIT}
       order by e.path limit ?`,
    )
    .all(tables.folderNo(folder), from, endOf(dir), limit)
    .map((row) => wholeOwnRow(row as WholeOwnColumns, tables))
}

function othersOf(tables: Tables, folder: FolderId, path: RelPath): OthersEntry[] {
  return tables
    .sql(`select id, holders from entry where folder = ? and path = ? and held and holders > ${SELF_BIT}`)
    .all(tables.folderNo(folder), path)
    .map((row) => row as { id: number; holders: number })
    .map((row) => ({ entry: entryAt(row.id, tables), holders: devicesIn([row.holders], tables) }))
}

/** Entries of the same hash that tell another size or chunk list are no word for this blob. */
function holdersOf(tables: Tables, blob: BlobRef): DeviceId[] {
  const rows = tables.sql('select holders, id from entry where hash = ? and held').all(idBytes(blob.hash)) as {
    holders: number
    id: number
  }[]
  const masks = rows.filter(({ id }) => isOfBlob(entryAt(id, tables), blob)).map(({ holders }) => holders)
  return devicesIn(masks, tables)
}

function isOfBlob({ content }: Entry, blob: BlobRef): boolean {
  return content.kind === 'file' && content.sizeBytes === blob.sizeBytes && content.chunks === blob.chunks
}

function chunkListOf(tables: Tables, digest: ChunkListHash): ChunkList | undefined {
  const hashes: unknown = tables.sql('select hashes from chunk_list where digest = ?').pluck().get(idBytes(digest))
  return hashes === undefined ? undefined : { digest, hashes: unsealed(hashes) }
}

export function totalsOf(tables: Tables, folder: FolderId): FolderTotals {
  const row: unknown = tables
    .sql('select live, files, bytes, digest from total where folder = ?')
    .get(tables.folderNo(folder))
  return row === undefined ? { live: 0, files: 0, bytes: 0, digest: new Uint8Array(HASH_BYTES) } : (row as FolderTotals)
}

export interface IntentColumns {
  path: string
  batch: string
  body: Uint8Array
  arriving: string | null
  replaced_fingerprint: string | null
  keep_as: string | null
}

export function intentBeside(row: Omit<IntentColumns, 'body'>): Beside {
  return [row.path, row.batch, row.arriving, row.replaced_fingerprint, row.keep_as]
}

function intentsOf(tables: Tables, folder: FolderId): PlannedIntent[] {
  const rows = tables.sql('select * from intent where folder = ?').all(tables.folderNo(folder)) as IntentColumns[]
  return rows.map((row) => ({
    path: row.path as RelPath,
    batch: row.batch,
    entry: entryFromBody(row.body, tables, intentBeside(row)),
    arriving: row.arriving as FileIdentity | null,
    replaced:
      row.replaced_fingerprint === null || row.keep_as === null
        ? null
        : { fingerprint: row.replaced_fingerprint as Fingerprint, keepAs: row.keep_as as VersionName },
  }))
}

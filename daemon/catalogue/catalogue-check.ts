/**
 * Whether a catalogue that was not closed cleanly can be believed: SQLite's own check of pages and indexes, and what our rows
 * must say of each other. What another device said, and what no longer adds up, is asked of it again.
 */

import SqliteDatabase from 'better-sqlite3'
import type { Database } from 'better-sqlite3'
import type { Crypto } from '../../protocol/crypto.ts'
import { toChunkList } from '../../protocol/chunks.ts'
import type { Entry } from '../../protocol/entry.ts'
import { entryDigest } from '../../protocol/entry.ts'
import { idBytes } from '../../protocol/ids.ts'
import { HASH_BYTES } from '../../protocol/limits.ts'
import { moveDigest, openHead, openSegment } from '../../protocol/manifest.ts'
import type { Tables } from './rows.ts'
import type { HeadColumns, PeerColumns, StartColumns } from './log-rows.ts'
import { headBeside, positionBeside, startBeside } from './log-rows.ts'
import type { IntentColumns } from './reader.ts'
import { intentBeside } from './reader.ts'
import { SELF_INDEX, entryFromBody, hashOf, kindNumber } from './rows.ts'
import { migrate } from './schema.ts'
import { damaged, unsealed } from './seal.ts'

interface EntryColumns {
  readonly id: number
  readonly path: string
  readonly kind: number
  readonly held: number
  readonly conflict: number
  readonly hash: Uint8Array | null
  readonly holders: number
  readonly body: Uint8Array
}

interface SegmentColumns {
  readonly epoch: number
  readonly seg_no: number
  readonly body: Uint8Array
  readonly signature: Uint8Array
}

/** @returns the devices of each folder whose manifest does not add up. @throws CatalogueError `corrupt`, SqliteError */
export function checkCatalogue(
  db: Database,
  tables: Tables,
  crypto: Crypto,
  steps: readonly string[],
): { folder: number; device: number }[] {
  const verdict: unknown = db.pragma('integrity_check(1)', { simple: true })
  if (verdict !== 'ok') throw damaged(String(verdict))
  checkTables(db, steps)
  checkBlobs(db, tables, crypto)
  const folders = db.prepare('select n from folder').pluck().all().map(Number)
  return folders.flatMap((folder) => checkFolder(db, tables, folder, crypto))
}

/** The tables are those that the steps make, to the letter: SQLite reads their columns from a text that it checks no more than others. */
function checkTables(db: Database, steps: readonly string[]): void {
  const textOf = (of: Database): string =>
    of.prepare('select type, name, tbl_name, sql from sqlite_schema order by type, name').raw().all().join('\n')
  const fresh = new SqliteDatabase(':memory:')
  try {
    migrate(fresh, steps)
    if (textOf(fresh) !== textOf(db)) throw damaged('its tables are not as they were made')
  } finally {
    fresh.close()
  }
}

function checkBlobs(db: Database, tables: Tables, crypto: Crypto): void {
  for (const row of db.prepare('select epoch, seg_no, body, signature from segment').iterate()) {
    const { epoch, seg_no, body, signature } = row as SegmentColumns
    const segment = openSegment({ body: unsealed(body, [signature]), signature }, crypto)
    if (segment.epoch !== epoch || segment.segNo !== seg_no) throw damaged('a segment is another one')
  }
  for (const row of db.prepare('select digest, hashes from chunk_list').iterate()) {
    const { digest, hashes } = row as { digest: Uint8Array; hashes: Uint8Array }
    const list = toChunkList(unsealed(hashes), crypto)
    if (!isSame(idBytes(list.digest), digest)) throw damaged('a chunk list is another one')
  }
  for (const row of db.prepare('select * from own_head where body is not null').all()) {
    const columns = row as HeadColumns & { readonly body: Uint8Array; readonly signature: Uint8Array }
    const { body, signature } = columns
    openHead({ body: unsealed(body, [signature, ...headBeside(columns)]), signature }, crypto)
  }
  for (const row of db.prepare('select * from epoch_start').all()) {
    const columns = row as StartColumns
    openHead({ body: unsealed(columns.body, startBeside(columns)), signature: columns.signature }, crypto)
  }
  for (const row of db.prepare('select * from intent').all()) {
    const columns = row as IntentColumns
    entryFromBody(columns.body, tables, intentBeside(columns))
  }
}

/** Sums of what each device holds, by its number. */
function checkFolder(
  db: Database,
  tables: Tables,
  folder: number,
  crypto: Crypto,
): { folder: number; device: number }[] {
  const digests = new Map<number, Uint8Array>()
  const ownIds = new Set<number>()
  let own = { live: 0, files: 0, bytes: 0 }
  for (const row of db.prepare('select * from entry where folder = ?').iterate(folder)) {
    const columns = row as EntryColumns
    const entry = entryFromBody(columns.body, tables)
    if (!saysTheSame(columns, entry)) throw damaged(`the row of ${columns.path} contradicts itself`)
    if (columns.holders % 2 === 1) {
      ownIds.add(columns.id)
      own = withEntry(own, entry)
    }
    if (entry.isHeld) addTo(digests, columns.holders, entryDigest(entry, crypto))
  }
  checkOwn(db, folder, { ownIds, own, digest: digests.get(SELF_INDEX) ?? NOTHING })
  return peersThatDiffer(db, folder, digests, crypto)
}

const NOTHING = new Uint8Array(HASH_BYTES)

function saysTheSame(columns: EntryColumns, entry: Entry): boolean {
  const hash = hashOf(entry)
  const isHash = hash === null ? columns.hash === null : columns.hash !== null && isSame(hash, columns.hash)
  return (
    isHash &&
    columns.path === entry.path &&
    columns.kind === kindNumber(entry) &&
    columns.held === Number(entry.isHeld) &&
    columns.conflict === Number(entry.isConflictCopy)
  )
}

interface Counts {
  readonly live: number
  readonly files: number
  readonly bytes: number
}

function withEntry(counts: Counts, { content, isHeld }: Entry): Counts {
  if (!isHeld || content.kind === 'deleted') return counts
  const isFile = content.kind === 'file'
  return {
    live: counts.live + 1,
    files: counts.files + Number(isFile),
    bytes: counts.bytes + (isFile ? content.sizeBytes : 0),
  }
}

function addTo(digests: Map<number, Uint8Array>, holders: number, digest: Uint8Array): void {
  for (let index = 0, rest = holders; rest > 0; index += 1, rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) digests.set(index, moveDigest(digests.get(index) ?? NOTHING, null, digest))
  }
}

/** The rows of our own state name our own entries, each once; and the sums that are kept are theirs. */
function checkOwn(
  db: Database,
  folder: number,
  { ownIds, own, digest }: { ownIds: ReadonlySet<number>; own: Counts; digest: Uint8Array },
): void {
  let rows = 0
  const all = db.prepare(
    `select o.parent, o.name, o.live, o.entry, e.path, e.kind < 3 and e.held as lives from own o left join entry e on e.id = o.entry
     where o.folder = ?`,
  )
  for (const row of all.iterate(folder)) {
    const { parent, name, live, entry, path, lives } = row as Record<string, unknown>
    const isNamed = path === (parent === '' ? name : `${String(parent)}/${String(name)}`)
    if (!isNamed || !ownIds.has(Number(entry)) || live !== lives) throw damaged('a row of our own state is wrong')
    rows += 1
  }
  const total = db.prepare('select * from total where folder = ?').get(folder) as
    (Counts & { digest: Uint8Array }) | undefined
  const known = total ?? { live: 0, files: 0, bytes: 0, digest: NOTHING }
  const isCounted = known.live === own.live && known.files === own.files && known.bytes === own.bytes
  if (rows !== ownIds.size || !isCounted || !isSame(known.digest, digest))
    throw damaged('our own state does not add up')
}

/** The head says what all of it comes to; where the log is not here to its head, nothing does. */
function peersThatDiffer(
  db: Database,
  folder: number,
  digests: ReadonlyMap<number, Uint8Array>,
  crypto: Crypto,
): { folder: number; device: number }[] {
  const rows = db.prepare('select * from peer_position where folder = ?').all(folder)
  return rows.flatMap((row) => {
    const columns = row as PeerColumns & { readonly device: number }
    const { device, signature } = columns
    const head = openHead({ body: unsealed(columns.body, [signature, ...positionBeside(columns)]), signature }, crypto)
    const isWhole = head.epoch === columns.epoch && head.lastSeq === columns.seq
    const isEqual = isSame(digests.get(device) ?? NOTHING, head.stateDigest)
    return isWhole && isEqual ? [] : [{ folder, device }]
  })
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

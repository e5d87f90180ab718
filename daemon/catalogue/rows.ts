/** Rows ↔ domain: what every statement of the catalogue shares. Devices and folders are small numbers in rows. */

import type { Database, Statement } from 'better-sqlite3'
import { asArray, asNullable, asText, asUint, decode, encode } from '../../protocol/codec.ts'
import type { Entry } from '../../protocol/entry.ts'
import type { LocalContent, OwnRow } from '../catalogue-port.ts'
import { entryFromWire, entryToWire } from '../../protocol/entry.ts'
import type { DeviceId, FolderId } from '../../protocol/ids.ts'
import { idBytes, parseDeviceId, parseFolderId } from '../../protocol/ids.ts'
import { GROUP_DEVICES_MAX } from '../../protocol/limits.ts'
import { nameOf, parentOf } from '../../protocol/path.ts'
import type { DirPath, RelPath } from '../../protocol/path.ts'
import type { Fingerprint } from '../ports.ts'
import { EntryCache } from './entry-cache.ts'
import type { Beside } from './seal.ts'
import { damaged, sealed, unsealed } from './seal.ts'

export const SELF_INDEX = 0
export const SELF_BIT = 1
export const KIND_DELETED = 3
const KIND_NUMBERS = { file: 0, directory: 1, symlink: 2, deleted: KIND_DELETED } as const

/** Statements by their text, and the numbers of devices and folders, for one open database. */
export interface Tables {
  readonly db: Database
  readonly entries: EntryCache
  sql(text: string): Statement
  deviceIndex(device: DeviceId): number
  deviceBit(device: DeviceId): number
  devices(): readonly DeviceId[]
  folderNo(folder: FolderId): number
  folderIds(): readonly FolderId[]
  /** Forgets the numbers that a rolled-back transaction gave. */
  reload(): void
}

export function openTables(db: Database, self: DeviceId): Tables {
  const statements = new Map<string, Statement>()
  const sql = (text: string): Statement => {
    const known = statements.get(text)
    if (known !== undefined) return known
    const statement = db.prepare(steady(text))
    statements.set(text, statement)
    return statement
  }
  const devices = numbered(
    () => sql('select id from device order by idx').pluck().all().map(parseDeviceId),
    (idx, id) => sql('insert into device (idx, id) values (?, ?)').run(idx, id),
  )
  const folders = numbered(
    () => sql('select id from folder order by n').pluck().all().map(parseFolderId),
    (n, id) => sql('insert into folder (n, id) values (?, ?)').run(n, id),
  )
  devices.indexOf(self)
  const entries = new EntryCache()
  return {
    db,
    entries,
    sql,
    deviceIndex: devices.indexOf,
    deviceBit: (device) => {
      const index = devices.indexOf(device)
      if (index >= GROUP_DEVICES_MAX) throw new RangeError(`more than ${GROUP_DEVICES_MAX} devices hold entries`)
      return 2 ** index
    },
    devices: devices.all,
    folderNo: folders.indexOf,
    folderIds: folders.all,
    reload: () => {
      entries.clear()
      devices.reload()
      folders.reload()
    },
  }
}

/**
 * Statistics make SQLite plan a statement anew whenever a bare parameter that is compared gets a value: ten times the cost of a
 * small look-up. A plus sign hides the parameter from the planner and changes nothing else; every plan here is by index anyway.
 */
function steady(text: string): string {
  return text.replaceAll(/([=<>]|\blimit) \?/g, '$1 +?')
}

interface Numbered<T> {
  indexOf(id: T): number
  all(): readonly T[]
  reload(): void
}

/** Ids numbered from 0 in the order in which they were first met. */
function numbered<T extends string>(load: () => T[], add: (index: number, id: T) => void): Numbered<T> {
  let ids: T[] = []
  let index = new Map<T, number>()
  const reload = (): void => {
    ids = load()
    index = new Map(ids.map((id, i) => [id, i]))
  }
  reload()
  return {
    indexOf: (id) => {
      const known = index.get(id)
      if (known !== undefined) return known
      const next = ids.length
      add(next, id)
      ids.push(id)
      index.set(id, next)
      return next
    },
    all: () => ids,
    reload,
  }
}

export function kindNumber(entry: Entry): number {
  return KIND_NUMBERS[entry.content.kind]
}

export function hashOf(entry: Entry): Uint8Array | null {
  return entry.content.kind === 'file' ? idBytes(entry.content.hash) : null
}

export function entryToBody(entry: Entry, tables: Tables, beside?: Beside): Uint8Array {
  return sealed(encode(entryToWire(entry, tables.deviceIndex)), beside)
}

/** The entry of a row. @throws CatalogueError `corrupt` */
export function entryAt(row: number, tables: Tables): Entry {
  const known = tables.entries.entryAt(row)
  if (known !== undefined) return known
  const found = tables.sql('select body, folder from entry where id = ?').get(row) as
    { body: Uint8Array; folder: number } | undefined
  if (found === undefined) throw damaged(`the entry of row ${row} is missing`)
  const entry = entryFromBody(found.body, tables)
  tables.entries.keep({ folderNo: found.folder, row }, entry)
  return entry
}

/** @throws CatalogueError `corrupt` */
export function entryFromBody(body: unknown, tables: Tables, beside?: Beside): Entry {
  const wire = unsealed(body, beside)
  try {
    return entryFromWire(decode(wire), tables.devices())
  } catch (cause) {
    throw damaged('an entry cannot be read', cause)
  }
}

/** A row of `select OWN_COLUMNS from own o …`. */
export interface OwnColumns {
  readonly entry: number
  readonly fingerprint: string | null
  readonly local: Uint8Array | null
}
export const OWN_COLUMNS = 'o.entry as entry, o.fingerprint as fingerprint, o.local as local'

export function ownRow({ entry, fingerprint, local }: OwnColumns, tables: Tables): OwnRow {
  return toOwnRow(entryAt(entry, tables), fingerprint, local, tables)
}

/** The same with the entry's body: for many rows, each looked at once. `select WHOLE_OWN_COLUMNS from own o join entry e …`. */
export interface WholeOwnColumns extends OwnColumns {
  readonly body: Uint8Array
}
export const WHOLE_OWN_COLUMNS = `e.body as body, ${OWN_COLUMNS}`

export function wholeOwnRow({ entry, body, fingerprint, local }: WholeOwnColumns, tables: Tables): OwnRow {
  return toOwnRow(tables.entries.entryAt(entry) ?? entryFromBody(body, tables), fingerprint, local, tables)
}

function toOwnRow(entry: Entry, fingerprint: string | null, local: Uint8Array | null, tables: Tables): OwnRow {
  const row = { entry, fingerprint: fingerprint as Fingerprint | null }
  return local === null ? row : { ...row, local: localFromBody(local, tables) }
}

const LOCAL_FIELDS = 3
const LOOK_BYTES_MAX = 1024
const FLAG_UNWANTED = 1
const FLAG_ONLY_HERE = 2

/** `[fingerprint | null, flags, the content as an entry of nobody]`. */
export function localToBody(path: RelPath, local: LocalContent, tables: Tables): Uint8Array {
  const { content, mtimeMs, fingerprint, isUnwanted, isOnlyHere } = local
  const [modBy] = tables.devices()
  if (modBy === undefined) throw new Error('this device has no number')
  const entry: Entry = {
    path,
    content,
    mtimeMs,
    version: [[modBy, 1]],
    modBy,
    t: 0,
    isConflictCopy: false,
    isHeld: false,
    extra: [],
  }
  const flags = (isUnwanted ? FLAG_UNWANTED : 0) | (isOnlyHere ? FLAG_ONLY_HERE : 0)
  return sealed(encode([fingerprint, flags, entryToWire(entry, tables.deviceIndex)]))
}

/** @throws CatalogueError `corrupt` */
export function localFromBody(body: unknown, tables: Tables): LocalContent {
  const [look, flags, wire] = asArray(decode(unsealed(body)), 'local content', LOCAL_FIELDS)
  const fingerprint = asNullable(look, (text) => asText(text, 'fingerprint', LOOK_BYTES_MAX)) as Fingerprint | null
  const { content, mtimeMs } = entryFromWire(wire ?? null, tables.devices())
  const bits = asUint(flags, 'local flags')
  return {
    content,
    mtimeMs,
    fingerprint,
    isUnwanted: (bits & FLAG_UNWANTED) !== 0,
    isOnlyHere: (bits & FLAG_ONLY_HERE) !== 0,
  }
}

/** The two columns of `own` that name a path. */
export function place(path: RelPath): [parent: DirPath, name: string] {
  return [parentOf(path), nameOf(path)]
}

/** Above every text: SQLite puts any blob after all texts, and there is no last text, for a path may begin with any character. */
export const ABOVE_ALL = new Uint8Array()

/** The least value above every path below a directory: `/` is followed by `0` in the order of code units. */
export function endOf(directory: DirPath): string | Uint8Array {
  return directory === '' ? ABOVE_ALL : `${directory}0`
}

/** The greatest text that is not above any path below a directory. */
export function startOf(directory: DirPath): string {
  return directory === '' ? '' : `${directory}/`
}

/** The devices of some bit masks, this one left out. */
export function devicesIn(masks: readonly number[], tables: Tables): DeviceId[] {
  return tables
    .devices()
    .filter((_, index) => index > 0 && masks.some((mask) => Math.floor(mask / 2 ** index) % 2 === 1))
}

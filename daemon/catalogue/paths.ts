/** Paths that live, by what they hold and where they are. */

import { idBytes } from '../../protocol/ids.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { CatalogueReader } from '../catalogue-port.ts'
import { KIND_DELETED, SELF_BIT, devicesIn, endOf, entryAt, entryFromBody, place, startOf } from './rows.ts'
import type { Tables } from './rows.ts'

type PathReader = Pick<
  CatalogueReader,
  'pathOf' | 'pathsOf' | 'livePaths' | 'ownAbsent' | 'knownPaths' | 'saidOf' | 'marksOf'
>

export function createPathReader(tables: Tables): PathReader {
  const { sql, folderNo: n } = tables
  return {
    ownAbsent: (folder, limit) =>
      sql(
        `select (select body from entry where id = o.entry) from own o indexed by own_absent
         where o.folder = ? and o.live and o.fingerprint is null limit ?`,
      )
        .pluck()
        .all(n(folder), limit)
        .map((body) => entryFromBody(body, tables)),
    pathOf: (folder, hash) =>
      sql('select path from entry where hash = ? and folder = ? limit 1').pluck().get(idBytes(hash), n(folder)) as
        RelPath | undefined,
    pathsOf: (folder, hash, limit) =>
      sql('select distinct path from entry where hash = ? and folder = ? and held limit ?')
        .pluck()
        .all(idBytes(hash), n(folder), limit) as RelPath[],
    livePaths: (folder, directory, after, limit) =>
      sql(
        `select distinct path from entry where folder = ? and path > ? and path < ? and kind < ${KIND_DELETED} and held
         order by path limit ?`,
      )
        .pluck()
        .all(n(folder), after ?? startOf(directory), endOf(directory), limit) as RelPath[],
    knownPaths: (folder, directory, after, limit) => {
      const range = [n(folder), after ?? startOf(directory), endOf(directory)]
      return sql(
        `select path from entry where folder = ? and path > ? and path < ?
         union select path from dirty where folder = ? and path > ? and path < ? order by path limit ?`,
      )
        .pluck()
        .all(...range, ...range, limit) as RelPath[]
    },
    saidOf: (folder, path) =>
      sql(`select id, holders from entry where folder = ? and path = ? and holders > ${SELF_BIT}`)
        .all(n(folder), path)
        .map((row) => row as { id: number; holders: number })
        .map((row) => ({ entry: entryAt(row.id, tables), holders: devicesIn([row.holders], tables) })),
    marksOf: (folder, path) => {
      const row = sql(
        `select exists (select 1 from dirty where folder = ? and path = ?) as dirty,
         exists (select 1 from own where folder = ? and parent = ? and name = ? and seq is null) as unpublished`,
      ).get(n(folder), path, n(folder), ...place(path)) as { dirty: number; unpublished: number }
      return { isDirty: row.dirty === 1, isUnpublished: row.unpublished === 1 }
    },
  }
}

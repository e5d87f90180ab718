/** Paths that anybody says live, by what they hold and where they are. */

import { idBytes } from '../../protocol/ids.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { CatalogueReader } from '../catalogue-port.ts'
import { KIND_DELETED, endOf, startOf } from './rows.ts'
import type { Tables } from './rows.ts'

type PathReader = Pick<CatalogueReader, 'pathOf' | 'pathsOf' | 'livePaths'>

export function createPathReader({ sql, folderNo: n }: Tables): PathReader {
  return {
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
  }
}

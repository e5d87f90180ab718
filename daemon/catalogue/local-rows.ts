/** What paths hold on this device alone. */

import type { CatalogueReader } from '../catalogue-port.ts'
import { WHOLE_OWN_COLUMNS, place, wholeOwnRow } from './rows.ts'
import type { Tables, WholeOwnColumns } from './rows.ts'

export function createLocalReader(tables: Tables): Pick<CatalogueReader, 'localChanges' | 'localCount'> {
  const { sql, folderNo: n } = tables
  return {
    localChanges: (folder, after, limit) => {
      const [parent, name] = after === null ? ['', ''] : place(after)
      return sql(
        `select ${WHOLE_OWN_COLUMNS} from own o join entry e on e.id = o.entry
         where o.folder = ? and o.local is not null and (o.parent, o.name) > (+?, +?) order by o.parent, o.name limit ?`,
      )
        .all(n(folder), parent, name, limit)
        .map((row) => wholeOwnRow(row as WholeOwnColumns, tables))
    },
    localCount: (folder) =>
      Number(
        sql('select count(*) from own indexed by own_local where folder = ? and local is not null')
          .pluck()
          .get(n(folder)),
      ),
  }
}

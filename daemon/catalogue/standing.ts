/** How this device and others stand to what a folder has, where one of them leaves something out. */

import type { DeviceId, FolderId } from '../../protocol/ids.ts'
import type { CatalogueReader, Lacking } from '../catalogue-port.ts'
import { KIND_DELETED, SELF_BIT } from './rows.ts'
import type { Tables } from './rows.ts'

export function createStandingReader(
  tables: Tables,
): Pick<CatalogueReader, 'notHeldFiles' | 'leavesOut' | 'lackingAt'> {
  return {
    notHeldFiles: (folder) =>
      Number(
        tables
          .sql(
            `select count(*) from entry indexed by entry_not_held
             where folder = ? and not held and kind = 0 and holders & ${SELF_BIT}`,
          )
          .pluck()
          .get(tables.folderNo(folder)),
      ),
    leavesOut: (folder, device) => {
      const found: unknown = tables
        .sql('select 1 from entry indexed by entry_not_held where folder = ? and not held and holders & ? limit 1')
        .get(tables.folderNo(folder), tables.deviceBit(device))
      return found !== undefined
    },
    lackingAt: (folder, device) => lackingAt(tables, folder, device),
  }
}

function lackingAt(tables: Tables, folder: FolderId, device: DeviceId): Lacking {
  const bit = tables.deviceBit(device)
  const row = tables
    .sql(
      `select count(*) as missing, coalesce(sum(exists (
         select 1 from entry p where p.folder = e.folder and p.path = e.path and not p.held and p.holders & $bit)), 0) as leftOut
       from entry e where e.folder = $folder and e.held and e.kind < ${KIND_DELETED} and e.holders & ${SELF_BIT} and not e.holders & $bit`,
    )
    .get({ folder: tables.folderNo(folder), bit }) as { missing: number; leftOut: number }
  return { entries: row.missing - row.leftOut, leftOut: row.leftOut }
}

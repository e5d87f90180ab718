/** Paths that are to be resolved, and blobs that some of them wait for. Newer marks have larger stamps. */

import { idBytes } from '../../protocol/ids.ts'
import type { BlobHash, FolderId } from '../../protocol/ids.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { CatalogueReader, CatalogueWriter, DirtyPath } from '../catalogue-port.ts'
import { ABOVE_ALL, KIND_DELETED, SELF_BIT } from './rows.ts'
import type { Tables } from './rows.ts'

type DirtyReader = Pick<
  CatalogueReader,
  'disputed' | 'dirty' | 'dirtyCount' | 'hasDirty' | 'waitingCount' | 'waiting' | 'dirtyDeletes'
>
type DirtyWriter = Pick<
  CatalogueWriter,
  'markDirty' | 'markDisputed' | 'clearDirty' | 'setWaiting' | 'blobLanded' | 'resetWaiting'
>

/** Entries that another device holds, and that are not our own word for word. */
const DISPUTED = `folder = ? and held and holders > ${SELF_BIT} and not holders & ${SELF_BIT}`

export function createDirtyReader({ sql, folderNo: n }: Tables): DirtyReader {
  return {
    dirty: (folder, before, limit) =>
      sql(
        'select path, stamp from dirty indexed by dirty_ready where folder = ? and path < ? and waits_for is null order by path desc limit ?',
      ).all(n(folder), before ?? ABOVE_ALL, limit) as DirtyPath[],
    disputed: (folder, after, limit) =>
      sql(
        `select distinct path from entry indexed by entry_disputed where ${DISPUTED} and path > ? order by path limit ?`,
      )
        .pluck()
        .all(n(folder), after ?? '', limit) as RelPath[],
    dirtyCount: (folder) =>
      Number(
        sql('select count(*) from dirty indexed by dirty_ready where folder = ? and waits_for is null')
          .pluck()
          .get(n(folder)),
      ),
    hasDirty: (folder) =>
      sql('select 1 from dirty indexed by dirty_ready where folder = ? and waits_for is null limit 1').get(
        n(folder),
      ) !== undefined,
    waitingCount: (folder) =>
      Number(sql('select count(*) from dirty where folder = ? and waits_for is not null').pluck().get(n(folder))),
    waiting: (folder, limit) =>
      sql(
        'select path, lower(hex(waits_for)) as hash from dirty where folder = ? and waits_for is not null order by path limit ?',
      ).all(n(folder), limit) as { path: RelPath; hash: BlobHash }[],
    dirtyDeletes: (folder) =>
      Number(
        sql(
          `select count(*) from dirty d where d.folder = ?
           and exists (select 1 from entry e where e.folder = d.folder and e.path = d.path and e.kind = ${KIND_DELETED} and e.held and e.holders > ${SELF_BIT})
           and exists (select 1 from entry e where e.folder = d.folder and e.path = d.path and e.kind < ${KIND_DELETED} and e.held and e.holders & ${SELF_BIT})`,
        )
          .pluck()
          .get(n(folder)),
      ),
  }
}

export function createDirtyWriter({ sql, folderNo: n }: Tables): DirtyWriter {
  let stamp = Number(sql('select coalesce(max(stamp), 0) from dirty').pluck().get())
  const markDirty = (folder: FolderId, paths: Iterable<RelPath>): void => {
    const insert = sql('insert or replace into dirty (folder, path, stamp, waits_for) values (?, ?, ?, null)')
    stamp += 1
    for (const path of paths) insert.run(n(folder), path, stamp)
  }
  return {
    markDirty,
    markDisputed: (folder) => {
      stamp += 1
      sql(
        `insert or replace into dirty (folder, path, stamp, waits_for) select distinct folder, path, ?, null
         from entry indexed by entry_disputed where ${DISPUTED}`,
      ).run(stamp, n(folder))
    },
    clearDirty: (folder, paths) => {
      const remove = sql('delete from dirty where folder = ? and path = ? and stamp <= ?')
      for (const { path, stamp: seen } of paths) remove.run(n(folder), path, seen)
    },
    setWaiting: (folder, path, hash) =>
      void sql('update dirty set waits_for = ? where folder = ? and path = ? and stamp <= ?').run(
        idBytes(hash),
        n(folder),
        path.path,
        path.stamp,
      ),
    blobLanded: (folder, hash) =>
      sql('update dirty set waits_for = null where folder = ? and waits_for = ?').run(n(folder), idBytes(hash)).changes,
    resetWaiting: (folder) => void sql('update dirty set waits_for = null where folder = ?').run(n(folder)),
  }
}

/** What is gone from the disk: the last step of a pass, after one more look at the root, and unless it is too much. */

import type { RelPath } from '../../protocol/path.ts'
import { parentOf } from '../../protocol/path.ts'
import type { CatalogueReader, OwnRow } from '../catalogue-port.ts'
import { followBurst, isMassDelete } from '../core/guard.ts'
import { presentOf } from '../core/local.ts'
import { deletionOf, withoutMoved } from './deletions.ts'
import type { Folder, Halt } from './folder.ts'
import { sends } from './folder.ts'
import { withoutLeft } from './leaving.ts'
import type { Pass } from './observe-pass.ts'
import { transact } from './observe-pass.ts'
import { record } from './observe-record.ts'
import { rootHalt } from './root-halt.ts'
import { notHere } from './withdraw.ts'

/** Deletions, last: after one more look at the root, and unless they are too many. */
export async function recordMissing(pass: Pass): Promise<Halt | null> {
  const { folder } = pass
  folder.gone = new Set()
  if (pass.lostMount !== null) return { kind: 'mount-missing', path: pass.lostMount }
  if (pass.missing.length === 0) {
    folder.burst = null
    folder.isSwapped = false
    return null
  }
  const rows = withoutLeft(folder, missingRows(pass))
  const mounts = await emptiedMounts(pass)
  if (mounts.lost !== null) return { kind: 'mount-missing', path: mounts.lost }
  const rootFault = await rootHalt(folder)
  if (rootFault !== null) return rootFault
  if (!sends(folder)) return recordAll(pass, rows)
  const { live } = folder.deps.catalogue.read((tx) => tx.totals(folder.id))
  const edits = deletionsOf(folder, rows)
  folder.isSwapped ||= mounts.hasSwapped
  if (isStillComing(folder, rows, edits.length)) return null
  if (isMassDelete(edits.length, live) || (folder.isSwapped && edits.length > 0)) {
    if (folder.decision === null) {
      folder.gone = new Set(edits)
      return { kind: 'mass-delete-here', deletes: edits.length, live }
    }
    const decision = folder.decision
    folder.decision = null
    folder.isSwapped = false
    if (decision === 'reject') return takeBack(pass, rows)
  }
  return recordAll(pass, rows)
}

/**
 * What an emptied directory says of mounts. A pass that was told of the directory alone has not seen that its volume is gone; and
 * where a volume is mounted and nothing is known on it, another one may have taken its place: then a person is asked, however
 * little it was.
 */
async function emptiedMounts({ folder, emptied, o }: Pass): Promise<{ lost: RelPath | null; hasSwapped: boolean }> {
  const found: { lost: RelPath | null; hasSwapped: boolean } = { lost: null, hasSwapped: false }
  if (emptied.size === 0) return found
  for await (const { entries } of folder.tree.scan(new Set([...emptied].map(parentOf)), o)) {
    for (const disk of entries) {
      if (disk.kind !== 'directory' || !emptied.has(disk.path)) continue
      const known = folder.deps.catalogue.read((tx) => tx.own(folder.id, disk.path))?.fingerprint ?? disk.fingerprint
      if (disk.isMount) found.hasSwapped = true
      else if (known !== disk.fingerprint) found.lost ??= disk.path
    }
  }
  return found
}

function recordAll(pass: Pass, rows: readonly OwnRow[]): null {
  const nowMs = pass.folder.deps.clock.wallMs()
  transact(pass, (tx) => {
    for (const {
      entry: { path },
    } of rows) {
      record(pass, tx, { path, content: { kind: 'deleted' }, mtimeMs: nowMs, fingerprint: null })
    }
  })
  return null
}

/** Whether more deletions may follow; then their directories are looked at again, and nothing is recorded. */
function isStillComing(folder: Folder, rows: readonly OwnRow[], deletes: number): boolean {
  const isJudged = folder.halt?.kind === 'mass-delete-here' || folder.decision !== null
  folder.burst = isJudged ? null : followBurst(folder.burst, deletes, folder.deps.clock.monotonicMs())
  if (folder.burst === null) return false
  for (const { entry } of rows) folder.hints.directories.add(parentOf(entry.path))
  return true
}

/** The deletions were not meant: what is gone from the disk is to be fetched again. */
function takeBack(pass: Pass, rows: readonly OwnRow[]): null {
  const { folder } = pass
  transact(pass, (tx) => {
    for (const { entry } of rows) notHere(tx, folder, entry)
  })
  return null
}

/** Each row once, with everything that was on the disk below a directory. */
function missingRows({ folder, missing }: Pass): OwnRow[] {
  const all = folder.deps.catalogue.read((tx) => missing.flatMap((row) => withBelow(tx, folder, row)))
  return [...new Map(all.map((row) => [row.entry.path, row])).values()]
}

function withBelow(tx: CatalogueReader, folder: Folder, row: OwnRow): OwnRow[] {
  const present = presentOf(row)
  if (present === undefined) return []
  if (present.content.kind !== 'directory') return [row]
  const children = tx.ownChildren(folder.id, row.entry.path)
  return [row, ...children.flatMap((child) => withBelow(tx, folder, child))]
}

/** What the person here deleted: what others deleted already is no news, and a file that moved is no deletion. */
function deletionsOf(folder: Folder, rows: readonly OwnRow[]): readonly RelPath[] {
  const news = rows.filter((row) => !isTombstoneKnown(folder, row))
  return folder.deps.catalogue.read((tx) =>
    withoutMoved(
      tx,
      folder.id,
      news.map(({ entry }) => deletionOf(entry)),
    ),
  )
}

/** Whether another device deleted the path already: then its absence here is no news. */
function isTombstoneKnown(folder: Folder, row: OwnRow): boolean {
  const others = folder.deps.catalogue.read((tx) => tx.others(folder.id, row.entry.path))
  return others.some(({ entry }) => entry.content.kind === 'deleted')
}

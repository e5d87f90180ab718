/**
 * What a person leaves out on this device goes from its disk, and from nowhere else: it is withdrawn, never deleted. It goes only
 * where it is exactly what was published and another device says that it holds the same; what was edited here, or is only here,
 * stays on the disk and is listed.
 */

import type { Entry } from '../../protocol/entry.ts'
import { sameContent } from '../../protocol/entry.ts'
import type { FolderId } from '../../protocol/ids.ts'
import type { RelPath } from '../../protocol/path.ts'
import { ROOT, ancestorsOf, parentOf } from '../../protocol/path.ts'
import type { OwnRow, PlannedIntent } from '../catalogue-port.ts'
import { EVERYTHING } from '../core/selection.ts'
import type {
  AbortOptions,
  DirectoryListing,
  Fingerprint,
  StateFiles,
  TreeChange,
  TreeOutcome,
  VersionName,
} from '../ports.ts'
import type { Folder, Problem } from './folder.ts'
import { hint } from './folder.ts'
import { LEFT_OUT_SENTENCE } from './problem-sentences.ts'
import { withdrawIgnored } from './withdraw.ts'

/** Own entries that are gone through, and files that go, in one batch. */
const BATCH_ROWS = 256
/** A batch that has begun is finished, so that what went is recorded. */
const UNINTERRUPTED = new AbortController().signal

interface Going {
  readonly row: OwnRow
  readonly fingerprint: Fingerprint
  readonly keepAs: VersionName
}

/** Everything that is held and left out. Not while steps of a plan are applied: both keep intents. */
export async function leave(folder: Folder, o: AbortOptions): Promise<void> {
  folder.mustLeave = false
  const directories: OwnRow[] = []
  const shown = new Set<RelPath>()
  for (let after: RelPath | null = null; ;) {
    o.signal.throwIfAborted()
    const page: OwnRow[] = folder.deps.catalogue.read((tx) => tx.ownLiveBelow(folder.id, ROOT, after, BATCH_ROWS))
    const leftOut = page.filter(({ entry }) => isChosenAway(folder, entry))
    directories.push(...leftOut.filter(({ entry }) => entry.content.kind === 'directory'))
    await folder.changing.use(() =>
      leaveFiles(
        folder,
        leftOut.filter(({ entry }) => entry.content.kind !== 'directory'),
      ),
    )
    for (const { entry } of leftOut) shown.add(topOf(folder, entry.path))
    if (page.length < BATCH_ROWS) break
    after = page.at(-1)?.entry.path ?? null
  }
  for (const batch of batchesOf(directories.toReversed())) {
    o.signal.throwIfAborted()
    await folder.changing.use(() => leaveDirectories(folder, batch))
  }
  if (shown.size === 0) return
  hint(folder, [...shown].map(parentOf))
  folder.toPublish.raise()
}

function isChosenAway({ selection }: Folder, { path, content }: Entry): boolean {
  return selection.leavesOut(path, content.kind === 'directory')
}

/** The highest directory above a path that is left out, or the path. */
function topOf({ selection }: Folder, path: RelPath): RelPath {
  return ancestorsOf(path).findLast((directory) => selection.leavesOut(directory, true)) ?? path
}

function batchesOf(rows: readonly OwnRow[]): OwnRow[][] {
  const batches: OwnRow[][] = []
  for (let at = 0; at < rows.length; at += BATCH_ROWS) batches.push(rows.slice(at, at + BATCH_ROWS))
  return batches
}

/** The intents say what an absent file means if the program dies before it is recorded: it is not held here, and not deleted. */
async function leaveFiles(folder: Folder, rows: readonly OwnRow[]): Promise<void> {
  const { catalogue, random } = folder.deps
  const batch = `leave-${[...random.bytes(6)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
  const going = rows.flatMap((row, i): Going[] => {
    const keepAs = `${batch}-${i}` as VersionName
    return row.fingerprint !== null && isElsewhere(folder, row) ? [{ row, fingerprint: row.fingerprint, keepAs }] : []
  })
  const paths = rows.map(({ entry }) => entry.path)
  folder.gate.begin(paths)
  try {
    if (going.length > 0) {
      catalogue.transact({ isDurable: true }, (tx) =>
        tx.setIntents(
          folder.id,
          going.map((each) => toIntent(each, batch)),
        ),
      )
    }
    const outcomes = await change(folder, batch, going.map(toRemoval))
    withdrawAll(folder, rows)
    const kept = going.filter((_, i) => outcomes[i]?.kind === 'done').map(({ keepAs }) => keepAs)
    if (kept.length > 0) await folder.tree.dropVersions(new Set(kept))
  } finally {
    folder.gate.end(paths)
  }
}

/** Whether another device says that it holds the same. */
function isElsewhere({ deps, id }: Folder, { entry }: OwnRow): boolean {
  const others = deps.catalogue.read((tx) => tx.others(id, entry.path))
  return others.some((other) => sameContent(other.entry.content, entry.content))
}

function toIntent({ row }: Going, batch: string): PlannedIntent {
  return { path: row.entry.path, entry: { ...row.entry, isHeld: false }, arriving: null, replaced: null, batch }
}

function toRemoval({ row, fingerprint, keepAs }: Going): TreeChange {
  return { kind: 'remove', path: row.entry.path, expect: fingerprint, keepAs }
}

/** A directory stays while anything is in it. */
async function leaveDirectories(folder: Folder, rows: readonly OwnRow[]): Promise<void> {
  const paths = rows.map(({ entry }) => entry.path)
  folder.gate.begin(paths)
  try {
    await change(
      folder,
      'leave',
      paths.map((path) => ({ kind: 'remove-directory', path })),
    )
    withdrawAll(folder, rows)
  } finally {
    folder.gate.end(paths)
  }
}

async function change(folder: Folder, batch: string, changes: readonly TreeChange[]): Promise<readonly TreeOutcome[]> {
  if (changes.length === 0) return []
  const label = { batch, reasonOf: () => 'left-out', hashOf: () => null }
  return await folder.tree.change(changes, label, { signal: UNINTERRUPTED })
}

function withdrawAll(folder: Folder, rows: readonly OwnRow[]): void {
  folder.deps.catalogue.transact({ isDurable: false }, (tx) => {
    for (const { entry } of rows) {
      const now = tx.own(folder.id, entry.path)?.entry ?? entry
      tx.setOwn(folder.id, { entry: { ...now, isHeld: false }, fingerprint: null }, 'resolved')
    }
    tx.clearIntents(folder.id)
  })
}

// ---- As the disk is compared.

/** Whether a row that is not to be held any more still has something on the disk that may go. */
export function isLeaving(folder: Folder, { entry, fingerprint }: OwnRow): boolean {
  return fingerprint !== null && isChosenAway(folder, entry)
}

/** What is left out and on the disk all the same, unless it is about to go. */
export function stillThere(folder: Folder, listing: DirectoryListing, children: readonly OwnRow[]): Problem[] {
  if (folder.selection.isEmpty) return []
  const held = new Set(children.filter(({ entry }) => entry.isHeld).map(({ entry }) => entry.path))
  return listing.entries.flatMap((disk) => {
    if (disk.kind === 'blocked' || held.has(disk.path)) return []
    const isThere = folder.selection.leavesOut(disk.path, disk.kind === 'directory')
    return isThere ? [{ path: disk.path, code: 'left-out', sentence: LEFT_OUT_SENTENCE }] : []
  })
}

/** Rows that say nothing of what is gone from the disk: it went because it is left out, as far as a crash let it. */
export function withoutLeft(folder: Folder, rows: readonly OwnRow[]): OwnRow[] {
  if (folder.selection.isEmpty && folder.intended.size === 0) return [...rows]
  const left = rows.filter(({ entry }) => folder.intended.get(entry.path)?.isHeld === false)
  if (left.length > 0) withdrawRows(folder, left)
  const gone = new Set(left)
  return rows.filter((row) => !gone.has(row) && !isChosenAway(folder, row.entry))
}

function withdrawRows({ deps, id }: Folder, rows: readonly OwnRow[]): void {
  deps.catalogue.transact({ isDurable: false }, (tx) => {
    for (const { entry } of rows) tx.setOwn(id, { entry: { ...entry, isHeld: false }, fingerprint: null }, 'observed')
  })
}

// ---- A selection that is new.

const selectionFile = ({ id }: Pick<Folder, 'id'>): string => `folders/${id}.selection`

/** Compares the selection with the one that own entries were last brought in line with. */
export async function noteSelection(folder: Folder): Promise<void> {
  const bytes = await folder.deps.state.read(selectionFile(folder))
  const settled = bytes === undefined ? EVERYTHING.key : new TextDecoder().decode(bytes)
  folder.isReselected = settled !== folder.selection.key
}

/** The disk was compared: what is left out no longer is said and fetched again, tombstones too. */
export async function settleSelection(folder: Folder, o: AbortOptions): Promise<void> {
  if (!folder.isReselected) return
  await withdrawIgnored(folder, o)
  folder.isReselected = false
  await folder.deps.state.write(selectionFile(folder), new TextEncoder().encode(folder.selection.key))
}

export async function removeSelection(folder: FolderId, state: StateFiles): Promise<void> {
  await state.remove(selectionFile({ id: folder }))
}

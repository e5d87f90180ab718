/**
 * What a path says that is not here: nothing.
 *
 * An ignored path is withdrawn, and stays on the disk. A tombstone is withdrawn too, so that devices that
 * ignore alike say the same; it says so again when the path is no longer ignored, or else what was deleted would come back.
 */

import type { Entry } from '../../protocol/entry.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { CatalogueWriter } from '../catalogue-port.ts'
import type { AbortOptions } from '../ports.ts'
import { isUnsaid } from '../core/local.ts'
import type { Folder } from './folder.ts'
import { decideAgain, isLeftOut } from './folder.ts'

/** Own entries that are gone through in one transaction. */
const PAGE_ENTRIES = 4096
/** Between two of them, in milliseconds: others have their turn. */
const PAUSE_MS = 1

/** Brings every own entry in line with the rules as they are now; what others say of paths, and what waits, is resolved again. */
export async function withdrawIgnored(folder: Folder, o: AbortOptions): Promise<void> {
  let after = withdrawPage(folder, null)
  while (after !== null) {
    await folder.deps.clock.sleep(PAUSE_MS, o)
    after = withdrawPage(folder, after)
  }
  folder.deps.catalogue.transact({ isDurable: false }, (tx) => {
    tx.markDisputed(folder.id)
    decideAgain(folder, tx)
  })
}

/** @returns the last path that was looked at, or null when there are no more. */
function withdrawPage(folder: Folder, after: RelPath | null): RelPath | null {
  const { catalogue, signer } = folder.deps
  const page = catalogue.read((tx) => tx.entriesHeldBy(folder.id, signer.device, after, PAGE_ENTRIES))
  const wrong = page.filter((entry) => says(entry) && isToBeSilent(folder, entry) === entry.isHeld)
  const turned = wrong.filter((entry) => !leaves(folder, entry))
  if (turned.length < wrong.length) folder.mustLeave = true
  if (turned.length > 0) {
    catalogue.transact({ isDurable: false }, (tx) => {
      for (const entry of turned) {
        tx.setOwn(folder.id, { entry: { ...entry, isHeld: !entry.isHeld }, fingerprint: null }, 'observed')
      }
    })
    folder.toPublish.raise()
  }
  return page.length < PAGE_ENTRIES ? null : (page.at(-1)?.path ?? null)
}

/** Own entries that should be on the disk and are not no longer count as held; what others hold there is fetched. */
export function withdrawAbsent(folder: Folder): void {
  const { catalogue } = folder.deps
  for (;;) {
    const absent = catalogue.read((tx) => tx.ownAbsent(folder.id, PAGE_ENTRIES))
    if (absent.length === 0) return
    catalogue.transact({ isDurable: false }, (tx) => {
      for (const entry of absent) notHere(tx, folder, entry)
    })
    folder.toPublish.raise()
  }
}

export function notHere(tx: CatalogueWriter, folder: Folder, entry: Entry): void {
  tx.setOwn(folder.id, { entry: { ...entry, isHeld: false }, fingerprint: null }, 'observed')
}

/** Whether the entry says something, or would: a path that is no longer ignored says what a scan finds there, or that nothing is. */
function says(entry: Entry): boolean {
  return entry.isHeld || (entry.content.kind === 'deleted' && !isUnsaid(entry))
}

function isToBeSilent(folder: Folder, { path, content }: Entry): boolean {
  return isLeftOut(folder, path, content.kind === 'directory')
}

/** Whether it is still to go from this disk, and is withdrawn with that. */
function leaves({ selection }: Folder, { path, content, isHeld }: Entry): boolean {
  return isHeld && content.kind !== 'deleted' && selection.leavesOut(path, content.kind === 'directory')
}

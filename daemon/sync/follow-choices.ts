/** What a person decides about all that differs: others follow this device, or this device follows the others. */

import type { Content, Entry } from '../../protocol/entry.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { Vector } from '../../protocol/vector.ts'
import { bumpedJoin } from '../core/resolve.ts'
import { verdictAt } from './decide.ts'
import type { Folder } from './folder.ts'
import { isLeftOut, resolverOf } from './folder.ts'
import { publishNow } from './folder-loops.ts'
import { entriesOf } from './wish.ts'

/** Paths that are gone through in one transaction. */
const PAGE_PATHS = 1024

/** Paths that others changed and this device, which only sends, does not take. */
export function* heldBack(folder: Folder): Iterable<RelPath> {
  for (let after: RelPath | null = null; ;) {
    const page: RelPath[] = folder.deps.catalogue.read((tx) => tx.disputed(folder.id, after, PAGE_PATHS))
    for (const path of page) if (verdictAt(folder, path).reason === 'send-only') yield path
    if (page.length < PAGE_PATHS) return
    after = page.at(-1) ?? null
  }
}

/** What this device has is what all shall have: its entries have seen all others. @returns how many paths it was said of. */
export function override(folder: Folder): number {
  const paths = [...heldBack(folder)]
  const resolver = resolverOf(folder)
  for (let at = 0; at < paths.length; at += PAGE_PATHS) {
    folder.deps.catalogue.transact({ isDurable: false }, (tx) => {
      for (const path of paths.slice(at, at + PAGE_PATHS)) {
        const own = tx.own(folder.id, path)
        const version = bumpedJoin(entriesOf(tx, folder, path), resolver)
        const entry = own?.entry.isHeld === true ? { ...own.entry, version } : absent(folder, path, version)
        tx.setOwn(folder.id, { entry, fingerprint: own?.fingerprint ?? null }, 'observed')
      }
    })
  }
  publishNow(folder)
  return paths.length
}

/** Others have it and this device does not: it is deleted. */
function absent({ deps }: Folder, path: RelPath, version: Vector): Entry {
  const nowMs = deps.clock.wallMs()
  return {
    path,
    content: { kind: 'deleted' },
    mtimeMs: nowMs,
    version,
    modBy: deps.signer.device,
    t: nowMs,
    isConflictCopy: false,
    isHeld: true,
    extra: [],
  }
}

/** What was changed on this device, which only receives, goes to the versions. @returns how many paths. */
export function revert(folder: Folder): number {
  let count = 0
  for (let after: RelPath | null = null; ;) {
    const page = folder.deps.catalogue.read((tx) => tx.localChanges(folder.id, after, PAGE_PATHS))
    // What is left out here is nobody's business; it is local again once it takes part.
    const rows = page.filter(({ entry, local }) => !isLeftOut(folder, entry.path, isDirectory(local ?? entry)))
    folder.deps.catalogue.transact({ isDurable: false }, (tx) => {
      for (const row of rows) {
        if (row.local === undefined) continue
        tx.setOwn(folder.id, { ...row, local: { ...row.local, isUnwanted: true } }, 'resolved')
      }
      tx.markDirty(
        folder.id,
        rows.map(({ entry }) => entry.path),
      )
    })
    count += rows.length
    after = page.at(-1)?.entry.path ?? null
    if (page.length < PAGE_PATHS) break
  }
  folder.toResolve.raise()
  return count
}

function isDirectory({ content }: { readonly content: Content }): boolean {
  return content.kind === 'directory'
}

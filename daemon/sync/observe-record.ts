/** One sighting on the disk, against the base and what others say: what is recorded of it. */

import type { Content, Entry } from '../../protocol/entry.ts'
import { sameContent } from '../../protocol/entry.ts'
import { parentOf } from '../../protocol/path.ts'
import type { CatalogueWriter, OwnRow } from '../catalogue-port.ts'
import { observedHere } from '../core/local.ts'
import type { LocalSighting } from '../core/local.ts'
import { observed } from '../core/observed.ts'
import type { Folder } from './folder.ts'
import { hint, resolverOf, sends } from './folder.ts'
import type { Pass } from './observe-pass.ts'

/** Records one sighting, unless the path was touched by ourselves since the pass began. */
export function record(pass: Pass, tx: CatalogueWriter, sighting: LocalSighting): void {
  const { folder } = pass
  const { path } = sighting
  if (folder.gate.isTouched(path, pass.mark)) {
    hint(folder, [parentOf(path)])
    return
  }
  const own = tx.own(folder.id, path)
  const content = own === undefined ? sighting.content : carriedTraits(folder, sighting.content, own.entry)
  const others = tx.others(folder.id, path).map(({ entry }) => entry)
  const intended = folder.intended.get(path)
  const known = intended === undefined ? others : [...others, intended]
  const seen: Seen = { ...sighting, content, own, known, isDisputed: others.length > 0 }
  if (sends(folder) ? recordEdit(folder, tx, seen) : recordHere(folder, tx, seen)) pass.changes += 1
}

interface Seen extends LocalSighting {
  readonly own: OwnRow | undefined
  /** What others say, and what this device was about to make of the path. */
  readonly known: readonly Entry[]
  readonly isDisputed: boolean
}

/** @returns whether there is something new to be published. */
function recordEdit(folder: Folder, tx: CatalogueWriter, seen: Seen): boolean {
  const { path, content, mtimeMs, fingerprint, own, known } = seen
  const hasBase = own?.fingerprint != null
  const found = observed(
    { path, content, mtimeMs, hasBase, isReselected: folder.isReselected },
    own?.entry,
    known,
    resolverOf(folder),
    folder.deps.clock.wallMs(),
  )
  if (found.kind === 'same') {
    keepLook(folder, tx, seen)
    return false
  }
  tx.setOwn(folder.id, { entry: found.entry, fingerprint }, 'observed')
  return true
}

/** This device only receives: what was changed here goes no further. */
function recordHere(folder: Folder, tx: CatalogueWriter, seen: Seen): boolean {
  const { path, fingerprint, own, known } = seen
  const found = observedHere(seen, own, known, folder.deps.signer.device, folder.mode === 'receive-archive')
  switch (found.kind) {
    case 'same':
      keepLook(folder, tx, seen)
      return false
    case 'adopt':
      tx.setOwn(folder.id, { entry: found.entry, fingerprint }, 'observed')
      return true
    case 'local': {
      const isUnwanted = own?.local?.isUnwanted === true && sameContent(own.local.content, found.local.content)
      tx.setOwn(folder.id, { entry: found.entry, fingerprint: null, local: { ...found.local, isUnwanted } }, 'observed')
      return true
    }
    case 'forget':
      tx.dropOwn(folder.id, path)
      return false
    case 'restore':
      tx.setOwn(folder.id, { entry: found.entry, fingerprint: null }, 'observed')
      return true
  }
}

function keepLook(folder: Folder, tx: CatalogueWriter, { path, fingerprint, own, isDisputed }: Seen): void {
  if (own?.fingerprint !== fingerprint) tx.setFingerprint(folder.id, path, fingerprint)
  if (isDisputed) tx.markDirty(folder.id, [path])
}

/** A property that the root cannot hold is carried from the entry, and never taken for changed. */
function carriedTraits(folder: Folder, content: Content, own: Entry): Content {
  if (folder.tree.traits.executableBit || content.kind !== 'file' || own.content.kind !== 'file') return content
  return { ...content, executable: own.content.executable }
}

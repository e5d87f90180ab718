/** What a person says that one path is to be: carried out by the next pass that has its bytes. */

import type { Entry } from '../../protocol/entry.ts'
import { KEEP_BOTH } from '../../protocol/folder-options.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { Vector } from '../../protocol/vector.ts'
import { EMPTY_VECTOR, compareVectors, joinVectors } from '../../protocol/vector.ts'
import type { CatalogueReader } from '../catalogue-port.ts'
import type { Resolver, Verdict } from '../core/resolve.ts'
import { bumpedJoin, resolve } from '../core/resolve.ts'
import type { Folder } from './folder.ts'

/** What a person wants of a path, for as long as nothing new is known of it. */
export interface Wish {
  /** All that was known when it was said. */
  readonly seen: Vector
  /** What the path is to be; `both`: as if conflict copies were the policy. */
  readonly entry: Entry | 'both'
}

/** Says what is wished of a path. It is carried out by the next pass, once its bytes are here; a restart forgets it. */
export function wish(folder: Folder, path: RelPath, entry: Entry | 'both'): void {
  const seen = folder.deps.catalogue.read((tx) => allSeen(entriesOf(tx, folder, path)))
  folder.wishes.set(path, { seen, entry })
  folder.deps.catalogue.transact({ isDurable: false }, (tx) => tx.markDirty(folder.id, [path]))
  folder.toResolve.raise()
}

/** What a wish makes of a path; undefined where none is, or it was said of something else. */
export function wished(
  folder: Folder,
  path: RelPath,
  own: Entry | undefined,
  others: readonly Entry[],
  resolver: Resolver,
): Verdict | undefined {
  const found = folder.wishes.get(path)
  if (found === undefined) return undefined
  const all = own === undefined ? others : [own, ...others]
  if (compareVectors(allSeen(all), found.seen) !== 'equal') {
    folder.wishes.delete(path)
    return undefined
  }
  if (found.entry === 'both') return resolve(own, others, resolver, KEEP_BOTH)
  const entry = { ...found.entry, version: bumpedJoin(all, resolver) }
  return { kind: 'settle', entry, losers: [], reason: 'chosen' }
}

function allSeen(entries: readonly Entry[]): Vector {
  return entries.reduce<Vector>((seen, { version }) => joinVectors(seen, version), EMPTY_VECTOR)
}

/** What is said of a path, here and elsewhere. */
export function entriesOf(tx: CatalogueReader, folder: Folder, path: RelPath): Entry[] {
  const own = tx.own(folder.id, path)?.entry
  const others = tx.others(folder.id, path).map(({ entry }) => entry)
  return own === undefined ? others : [own, ...others]
}

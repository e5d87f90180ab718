/** What a person says that one path is to be: carried out by the next pass that has its bytes. */

import type { Entry } from '../../protocol/entry.ts'
import { contentKey } from '../../protocol/entry.ts'
import { KEEP_BOTH } from '../../protocol/folder-options.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { Vector } from '../../protocol/vector.ts'
import { EMPTY_VECTOR, compareVectors, joinVectors } from '../../protocol/vector.ts'
import type { CatalogueReader } from '../catalogue-port.ts'
import type { Resolver, Verdict } from '../core/resolve.ts'
import { bumpedJoin, resolve } from '../core/resolve.ts'
import type { Folder } from './folder.ts'

/** What a person wants of a path, for as long as nothing is known of it that they had not seen. */
export interface Wish {
  /** All that was known when it was said. */
  readonly seen: Vector
  /** The keys of the contents that were known then: that others have come to one of them too is no news. */
  readonly contents: ReadonlySet<string>
  /** What the path is to be; `both`: as if conflict copies were the policy. */
  readonly entry: Entry | 'both'
}

/**
 * Says what is wished of a path: later than all that was written until now. It is carried out by the next pass, once its bytes
 * are here; a restart forgets it.
 */
export function wish(folder: Folder, path: RelPath, entry: Entry | 'both'): void {
  const known = folder.deps.catalogue.read((tx) => entriesOf(tx, folder, path))
  const contents = new Set(known.map(({ content }) => contentKey(content)))
  const said = entry === 'both' ? entry : { ...entry, t: Math.max(entry.t, folder.deps.clock.wallMs()) }
  folder.wishes.set(path, { seen: allSeen(known), contents, entry: said })
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
  if (all.some((entry) => isNews(found, entry))) {
    folder.wishes.delete(path)
    return undefined
  }
  if (found.entry === 'both') return resolve(own, others, resolver, KEEP_BOTH)
  const entry = { ...found.entry, version: bumpedJoin(all, resolver) }
  return { kind: 'settle', entry, losers: [], reason: 'chosen' }
}

/** Another content, or what somebody said who knew all that the person knew. */
function isNews({ seen, contents }: Wish, { content, version }: Entry): boolean {
  const order = compareVectors(version, seen)
  return order === 'after' || (order === 'concurrent' && !contents.has(contentKey(content)))
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

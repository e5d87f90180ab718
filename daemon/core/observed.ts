/** What an observation of the disk says in this device's name. */

import type { Content, Entry } from '../../protocol/entry.ts'
import { sameContent } from '../../protocol/entry.ts'
import type { RelPath } from '../../protocol/path.ts'
import { EMPTY_VECTOR, compareVectors, counterOf, withCounter } from '../../protocol/vector.ts'
import type { Resolver } from './resolve.ts'
import { undominated } from './resolve.ts'

export interface Sighting {
  readonly path: RelPath
  readonly content: Content
  readonly mtimeMs: number
  /** Whether the base knows what the disk last looked like; not so after the catalogue was lost. */
  readonly hasBase: boolean
  /** The path was left out until now: what is on the disk need not have seen what is said of it. */
  readonly isReselected?: boolean
}

export type Observed =
  /** The base, with another look. */
  | { readonly kind: 'same' }
  /** What another device says already, and has seen our base: adopted, never bumped. Or our own, held again. */
  | { readonly kind: 'adopt'; readonly entry: Entry }
  /** An edit made here. */
  | { readonly kind: 'edit'; readonly entry: Entry }

/** @param wallMs now, milliseconds since 1970. */
export function observed(
  sighting: Sighting,
  own: Entry | undefined,
  others: readonly Entry[],
  resolver: Resolver,
  wallMs: number,
): Observed {
  if (own !== undefined && sameContent(own.content, sighting.content)) {
    if (!own.isHeld) return { kind: 'adopt', entry: { ...own, isHeld: true } }
    if (own.mtimeMs === sighting.mtimeMs || own.content.kind !== 'file' || !sighting.hasBase) return { kind: 'same' }
  }
  const known = others.filter((entry) => sameContent(entry.content, sighting.content) && hasSeen(entry, own))
  const [adopted] = undominated(known)
  if (adopted !== undefined) return { kind: 'adopt', entry: { ...adopted, isHeld: true } }
  return { kind: 'edit', entry: edit(sighting, own, others, resolver, wallMs) }
}

function hasSeen(entry: Entry, own: Entry | undefined): boolean {
  return own === undefined || compareVectors(entry.version, own.version) === 'after'
}

/** The counter is above every own counter that any device knows of this path, and above an earlier life's. */
function edit(
  sighting: Sighting,
  own: Entry | undefined,
  others: readonly Entry[],
  { self, unixSeconds }: Resolver,
  wallMs: number,
): Entry {
  const all = own === undefined ? others : [own, ...others]
  const largest = all.reduce((max, entry) => Math.max(max, counterOf(entry.version, self)), 0)
  // Without a base nobody knows what this content has seen: what others have beside it becomes a conflict, and nothing is lost.
  const isUnseen = own?.isHeld === false && sighting.isReselected === true
  const keeps = !isUnseen && (sighting.hasBase || own?.content.kind === 'deleted' || own?.isHeld === false)
  const seen = keeps ? (own?.version ?? EMPTY_VECTOR) : EMPTY_VECTOR
  const changedMs = Math.min(sighting.mtimeMs, wallMs)
  return {
    path: sighting.path,
    content: sighting.content,
    mtimeMs: sighting.mtimeMs,
    version: withCounter(seen, self, Math.max(largest + 1, unixSeconds)),
    modBy: self,
    t: own === undefined ? changedMs : Math.max(Math.min(own.t + 1, Number.MAX_SAFE_INTEGER), changedMs),
    isConflictCopy: own?.isConflictCopy ?? false,
    isHeld: true,
    extra: own?.extra ?? [],
  }
}

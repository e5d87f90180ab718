/**
 * One path: what this device says of it, what the others say of it, and so what it should become.
 *
 * A path is resolved over the whole set of its entries at once. Folding pairwise would not do: "dominates" and "wins" together
 * are not transitive.
 */

import type { Entry } from '../../protocol/entry.ts'
import { contentKey, sameContent } from '../../protocol/entry.ts'
import type { ConflictPolicy } from '../../protocol/folder-options.ts'
import { KEEP_BOTH } from '../../protocol/folder-options.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import type { Vector } from '../../protocol/vector.ts'
import { EMPTY_VECTOR, compareVectors, counterOf, joinVectors, withCounter } from '../../protocol/vector.ts'

export type ReasonCode =
  | 'up-to-date'
  /** Another device's entry has seen ours. */
  | 'newer-elsewhere'
  /** Edited on several devices to the same content: what is on the disk stays as it is, its times too. */
  | 'same-content'
  /** Edited on several devices to different contents. */
  | 'conflict'
  /** Something lives below a directory that was deleted or replaced. */
  | 'needed-as-directory'
  /** The file that a conflict pushed aside. */
  | 'conflict-copy'
  /** Different contents, of which a person is to choose. */
  | 'conflict-waits'
  /** Changed elsewhere, and this device only sends. */
  | 'send-only'
  /** Changed on this device, which only receives: it goes no further. */
  | 'local-change'
  /** Deleted elsewhere, and this device keeps what was. */
  | 'archived'
  /** A person said that what was changed here is to go. */
  | 'reverted'
  /** A person chose it. */
  | 'chosen'
  /** What lies above it is no directory yet. */
  | 'waits-for-directory'
  /** The bytes on the disk are bad, and are fetched again. */
  | 'damaged'
  /** This device leaves it out. */
  | 'left-out'

export type Verdict =
  | { readonly kind: 'nothing'; readonly reason: ReasonCode }
  /** Becomes this entry, word for word; or the join of equal contents. Mints no counter. */
  | { readonly kind: 'adopt'; readonly entry: Entry; readonly reason: ReasonCode }
  /** Becomes this entry of our own making; each loser becomes a conflict copy. */
  | { readonly kind: 'settle'; readonly entry: Entry; readonly losers: readonly Entry[]; readonly reason: ReasonCode }

/** Who resolves, and when: seconds since 1970, for new counters. */
export interface Resolver {
  readonly self: DeviceId
  readonly unixSeconds: number
}

/** What a path with these entries becomes at the device whose own entry is `own`. An own entry that is not held states nothing. */
export function resolve(
  own: Entry | undefined,
  others: readonly Entry[],
  resolver: Resolver,
  policy: ConflictPolicy = KEEP_BOTH,
): Verdict {
  const all = own === undefined ? others : [own, ...others]
  const stated = own?.isHeld === true ? own : undefined
  const latest = undominated(stated === undefined ? others : all)
  const winner = preferred(latest, policy)
  if (winner === undefined) return { kind: 'nothing', reason: 'up-to-date' }
  if (latest.every((entry) => sameContent(entry.content, winner.content))) return agreed(stated, latest)
  const losers = losersOf(latest, winner)
  if (policy.kind === 'manual' && losers.length > 0 && isWritten(winner)) return undecided(stated, latest, winner)
  return {
    kind: 'settle',
    entry: { ...winner, version: bumpedJoin(all, resolver) },
    losers: policy.kind === 'keep-both' || !isWritten(winner) ? losers : [],
    reason: 'conflict',
  }
}

/** The winner as the policy has it. What lives beats what is deleted, and a directory a file, whatever the policy. */
function preferred(latest: readonly Entry[], policy: ConflictPolicy): Entry | undefined {
  const winner = best(latest)
  if (policy.kind !== 'prefer' || winner === undefined) return winner
  const written = latest.filter((entry) => entry.modBy === policy.device && rank(entry) === rank(winner))
  return best(written) ?? winner
}

/** A file or a link: what a person may choose among. */
function isWritten({ content }: Entry): boolean {
  return content.kind === 'file' || content.kind === 'symlink'
}

/** Everybody keeps their own; who has nothing of it, or something that all others have seen, takes the winner as it is. */
function undecided(own: Entry | undefined, latest: readonly Entry[], winner: Entry): Verdict {
  if (own !== undefined && latest.includes(own)) return { kind: 'nothing', reason: 'conflict-waits' }
  return { kind: 'adopt', entry: held(winner), reason: 'conflict-waits' }
}

/**
 * What a path becomes at a device that only receives: the winner, word for word. It mints no counter, joins no vectors and makes
 * no conflict copies: where senders differ, one of them will settle it, and that is followed then.
 */
export function follow(own: Entry | undefined, others: readonly Entry[]): Verdict {
  const stated = own?.isHeld === true ? own : undefined
  const latest = undominated(stated === undefined ? others : [stated, ...others])
  const winner = best(latest)
  if (winner === undefined) return { kind: 'nothing', reason: 'up-to-date' }
  const isOurs = stated !== undefined && latest.includes(stated) && sameContent(stated.content, winner.content)
  if (isOurs) return { kind: 'nothing', reason: 'up-to-date' }
  return { kind: 'adopt', entry: held(winner), reason: 'newer-elsewhere' }
}

/** What a path becomes at a device that only sends: what it is; only what others have seen of it is taken. */
export function insist(own: Entry | undefined, others: readonly Entry[], resolver: Resolver): Verdict {
  const verdict = resolve(own, others, resolver)
  if (verdict.kind === 'nothing') return verdict
  // Also what is to be fetched again, because it is missing here and nobody meant that.
  if (verdict.kind === 'adopt' && own !== undefined && sameContent(own.content, verdict.entry.content)) return verdict
  return { kind: 'nothing', reason: 'send-only' }
}

/** The entries that no other has seen all of. */
export function undominated(entries: readonly Entry[]): readonly Entry[] {
  return entries.filter((entry) => !entries.some((other) => compareVectors(other.version, entry.version) === 'after'))
}

/** All latest entries have one content: the join of their vectors, with the times of the last of them. */
function agreed(own: Entry | undefined, latest: readonly Entry[]): Verdict {
  const last = latestOf(latest)
  const version = latest.reduce<Vector>((joined, entry) => joinVectors(joined, entry.version), EMPTY_VECTOR)
  const isOurs = own !== undefined && latest.includes(own)
  if (isOurs && compareVectors(own.version, version) === 'equal' && !isLater(last, own)) {
    return { kind: 'nothing', reason: 'up-to-date' }
  }
  const joined = compareVectors(last.version, version) === 'equal' ? last : { ...last, version }
  return { kind: 'adopt', entry: held(joined), reason: isOurs ? 'same-content' : 'newer-elsewhere' }
}

/** The very entry where it is one that is held. */
function held(entry: Entry): Entry {
  return entry.isHeld ? entry : { ...entry, isHeld: true }
}

/** The entry that was changed last; there is at least one. */
export function latestOf(entries: readonly Entry[]): Entry {
  return entries.reduce((a, b) => (isLater(b, a) ? b : a))
}

/** By change time, then modification time, then author. */
function isLater(a: Entry, b: Entry): boolean {
  if (a.t !== b.t) return a.t > b.t
  if (a.mtimeMs !== b.mtimeMs) return a.mtimeMs > b.mtimeMs
  return a.modBy > b.modBy
}

/** The winner among entries that differ: the same at every device, whatever its clock says. */
export function best(entries: readonly Entry[]): Entry | undefined {
  return entries.reduce<Entry | undefined>((a, b) => (a === undefined || beats(b, a) ? b : a), undefined)
}

function beats(a: Entry, b: Entry): boolean {
  const rankA = rank(a)
  const rankB = rank(b)
  if (rankA !== rankB) return rankA > rankB
  if (a.t !== b.t) return a.t > b.t
  const keyA = contentKey(a.content)
  const keyB = contentKey(b.content)
  return keyA === keyB ? isLater(a, b) : keyA > keyB
}

/** Live before deleted, a directory before anything else that lives. */
function rank(entry: Entry): number {
  if (entry.content.kind === 'deleted') return 0
  return entry.content.kind === 'directory' ? 2 : 1
}

/** Live entries whose bytes the winner does not have, each content once, with all that was seen by those who had it. */
export function losersOf(entries: readonly Entry[], winner: Entry): readonly Entry[] {
  const losers = new Map<string, Entry>()
  for (const entry of entries) {
    const bytes = bytesKey(entry)
    if (bytes === undefined || bytes === bytesKey(winner)) continue
    const known = losers.get(bytes)
    const last = known === undefined || beats(entry, known) ? entry : known
    losers.set(bytes, { ...last, version: joinVectors(known?.version ?? EMPTY_VECTOR, entry.version) })
  }
  return [...losers.values()]
}

function bytesKey(entry: Entry): string | undefined {
  const { content } = entry
  if (content.kind === 'file') return content.hash
  return content.kind === 'symlink' ? `-> ${content.target}` : undefined
}

/** The join of all vectors, with a new counter of this device: a vector that nobody else has. */
export function bumpedJoin(entries: readonly Entry[], { self, unixSeconds }: Resolver): Vector {
  const joined = entries.reduce<Vector>((vector, entry) => joinVectors(vector, entry.version), EMPTY_VECTOR)
  return withCounter(joined, self, Math.max(counterOf(joined, self) + 1, unixSeconds))
}

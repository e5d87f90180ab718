/**
 * What is on the disk of a device that only receives, and is not what the group says: changed, made or deleted here, or kept by an
 * archive after the others deleted it. It goes no further; the scan knows it, and does not take it for new each time.
 */

import type { Content, Entry } from '../../protocol/entry.ts'
import { sameContent } from '../../protocol/entry.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import type { RelPath } from '../../protocol/path.ts'
import { compareVectors } from '../../protocol/vector.ts'
import type { LocalContent, OwnRow } from '../catalogue-port.ts'
import type { Fingerprint } from '../ports.ts'
import { undominated } from './resolve.ts'

/** What the disk has at a path, whoever says so; undefined where it has nothing. */
export function presentOf(
  row: OwnRow | undefined,
): { readonly content: Content; readonly fingerprint: Fingerprint } | undefined {
  if (row === undefined) return undefined
  const { content, fingerprint } = row.local ?? { content: row.entry.content, fingerprint: row.fingerprint }
  return fingerprint === null ? undefined : { content, fingerprint }
}

/** Below every counter that a device mints, which are seconds since 1970. */
const UNSAID_COUNTER = 1

/** The row of a path of which this device says nothing to anybody. */
export function unsaid(path: RelPath, self: DeviceId): Entry {
  return {
    path,
    content: { kind: 'deleted' },
    mtimeMs: 0,
    version: [[self, UNSAID_COUNTER]],
    modBy: self,
    t: 0,
    isConflictCopy: false,
    isHeld: false,
    extra: [],
  }
}

/** Whether a row is only there for what is local. */
export function isUnsaid({ version, isHeld }: Entry): boolean {
  return !isHeld && version.length === 1 && version[0]?.[1] === UNSAID_COUNTER
}

export interface LocalSighting {
  readonly path: RelPath
  readonly content: Content
  readonly mtimeMs: number
  readonly fingerprint: Fingerprint | null
}

export type ObservedHere =
  /** As it should be; perhaps with another look. */
  | { readonly kind: 'same' }
  /** What the group says, and it is here. */
  | { readonly kind: 'adopt'; readonly entry: Entry }
  /** Something else than the group says. */
  | { readonly kind: 'local'; readonly entry: Entry; readonly local: LocalContent }
  /** What was only here has gone. */
  | { readonly kind: 'forget' }
  /** It is missing, and is to be fetched again. */
  | { readonly kind: 'restore'; readonly entry: Entry }

/** What a sighting means to a device that only receives. @param restores an archive: what is deleted here comes back. */
export function observedHere(
  sighting: LocalSighting,
  own: OwnRow | undefined,
  others: readonly Entry[],
  self: DeviceId,
  restores: boolean,
): ObservedHere {
  const said = own === undefined || isUnsaid(own.entry) ? undefined : own.entry
  if (said !== undefined && sameContent(said.content, sighting.content)) {
    if (said.isHeld && own?.local === undefined) return { kind: 'same' }
    return { kind: 'adopt', entry: { ...said, isHeld: true } }
  }
  const newer = others.filter((entry) => said === undefined || compareVectors(entry.version, said.version) === 'after')
  const known = undominated(newer).find((entry) => sameContent(entry.content, sighting.content))
  if (known !== undefined) return { kind: 'adopt', entry: { ...known, isHeld: true } }
  const isGone = sighting.content.kind === 'deleted'
  if (isGone && said === undefined) return { kind: 'forget' }
  const isDeletedElsewhere = said?.content.kind === 'deleted'
  const entry =
    said === undefined ? unsaid(sighting.path, self) : { ...said, isHeld: isDeletedElsewhere && said.isHeld }
  if (isGone && restores) return { kind: 'restore', entry }
  const { content, mtimeMs, fingerprint } = sighting
  return {
    kind: 'local',
    entry,
    local: { content, mtimeMs, fingerprint, isUnwanted: false, isOnlyHere: said === undefined },
  }
}

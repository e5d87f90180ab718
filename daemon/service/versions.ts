/** Kept versions as the API shows them: of this device, and of those that are online. */

import type { Unheard, Version, VersionPage, VersionsQuery } from '../../protocol/api/versions.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import type { KeptVersion } from '../../protocol/kept-messages.ts'
import type { DirPath } from '../../protocol/path.ts'
import { ROOT } from '../../protocol/path.ts'
import type { VersionService } from '../http/service.ts'
import { ServiceError } from '../http/service.ts'
import type { AbortOptions } from '../ports.ts'
import { keptOf } from '../core/kept-at.ts'
import type { Folder } from '../sync/folder.ts'
import { keptRecords } from '../sync/kept.ts'
import { askKept } from '../sync/kept-ask.ts'
import { stepsOf, toKeptVersion } from '../sync/kept-serve.ts'
import type { Refusal, UndoPorts } from '../sync/undo.ts'
import { holdersOnline } from '../sync/undo.ts'
import { locate } from './located.ts'
import type { ServiceParts } from './parts.ts'
import type { KnownFolder } from './refs.ts'
import { nameOf } from './refs.ts'
import { restore } from './restore.ts'
import { listSteps, undo } from './undo.ts'

export function createVersionService(parts: ServiceParts): VersionService {
  return {
    versions: (query, o) => listVersions(parts, query, o),
    restore: (request, o) => restore(parts, request, o),
    undoSteps: (query, o) => listSteps(parts, query, o),
    undo: (request, o) => undo(parts, request, o),
  }
}

export type HeldFolder = Awaited<ReturnType<typeof locate>>['known']

/** The folder while its root is open. @throws ServiceError `folder-not-ready` */
export function openFolder({ name, held }: HeldFolder): Folder {
  if (held.folder !== undefined) return held.folder
  throw new ServiceError('folder-not-ready', `The directory of "${name}" cannot be opened now.`)
}

export function undoPorts({ transport, deps }: ServiceParts): UndoPorts {
  return { transport, clock: deps.clock, self: transport.self }
}

/** A path that a person named, in its folder. */
export interface Asked {
  readonly known: HeldFolder
  readonly folder: Folder
  readonly path: DirPath
}

/** @throws ServiceError `not-in-folder`, `folder-not-ready` */
export async function asked(parts: ServiceParts, absolute: string): Promise<Asked> {
  const { known, path } = await locate(parts, absolute)
  return { known, folder: openFolder(known), path: path ?? ROOT }
}

interface KeptSomewhere {
  readonly device: DeviceId
  readonly version: KeptVersion
}

async function listVersions(parts: ServiceParts, query: VersionsQuery, o: AbortOptions): Promise<VersionPage> {
  const at = await asked(parts, query.path)
  const { found, refusals } = await findVersions(parts, at, query.recursive, o)
  const keyed = found.map((each) => ({ each, key: keyOf(each) }))
  keyed.sort((a, b) => (a.key < b.key ? 1 : -1))
  const { after } = query
  const rest = after === undefined ? keyed : keyed.filter(({ key }) => key < after)
  const page = rest.slice(0, query.limit)
  return {
    versions: page.map(({ each }) => toVersion(parts, at.known, each)),
    next: rest.length > page.length ? (page.at(-1)?.key ?? null) : null,
    unheard: unheardOf(parts, refusals),
    damagedLines: await at.folder.tree.damagedVersionLines(),
  }
}

/** What this device and those that are online keep. */
async function findVersions(
  parts: ServiceParts,
  { known, folder, path }: Asked,
  isRecursive: boolean,
  o: AbortOptions,
): Promise<{ readonly found: readonly KeptSomewhere[]; readonly refusals: readonly Refusal[] }> {
  const question = { kind: 'versions', folder: folder.id, path, isRecursive } as const
  const [records, replies] = await Promise.all([
    keptRecords(folder),
    Promise.all(holdersOnline(known.held).map((device) => askKept(undoPorts(parts), device, question, o))),
  ])
  const steps = stepsOf(records)
  const device = parts.transport.self
  const own = keptOf(records, path, isRecursive).map((record) => ({ device, version: toKeptVersion(record, steps) }))
  const others = replies.flatMap((reply) =>
    reply.parts.flatMap((part) =>
      part.kind === 'versions' ? part.versions.map((version) => ({ device: reply.device, version })) : [],
    ),
  )
  const refusals = replies.flatMap(({ device: from, refusal }) =>
    refusal === null ? [] : [{ device: from, sentence: refusal }],
  )
  return { found: [...own, ...others], refusals }
}

/** Digits of a time in milliseconds, so that keys sort like times. */
const TIME_DIGITS = 16

function keyOf({ device, version: { keptMs, path } }: KeptSomewhere): string {
  return `${String(keptMs).padStart(TIME_DIGITS, '0')} ${device.slice(-7)} ${path}`
}

function toVersion(parts: ServiceParts, { id, name }: KnownFolder, { device, version }: KeptSomewhere): Version {
  const { path, keptMs, sizeBytes, hash, isDirectory, step, by, isDeleted } = version
  return {
    folder: id,
    folderName: name,
    ...{ path, keptMs, sizeBytes, hash, step, by, isDeleted, device },
    kind: isDirectory ? 'directory' : 'file',
    deviceName: nameOf(parts, device),
    reason: reasonSentence(version, by === null ? null : nameOf(parts, by)),
  }
}

/** What took a content away. */
export function reasonSentence({ reason, isDeleted }: KeptVersion, by: string | null): string {
  switch (reason) {
    case 'undone':
      return 'It was replaced when a change was taken back.'
    case 'restored':
      return 'It was replaced when another version was restored.'
    case 'unknown':
      return 'No line of the log tells why; which directory it was in is not known any more.'
    case 'conflict':
      return 'Two devices had changed it at once, and the other content took its name.'
    case 'needed-as-directory':
      return 'A directory took its name.'
    default: {
      const who = by ?? 'Another device'
      return isDeleted === true ? `${who} deleted it.` : `${who} changed it.`
    }
  }
}

export function unheardOf(parts: ServiceParts, refusals: readonly Refusal[]): Unheard[] {
  return refusals.map(({ device, sentence }) => ({ device, name: nameOf(parts, device), reason: sentence }))
}

/** Devices that hold a folder as far as is known, and are not connected. */
export function holdersOffline(parts: ServiceParts, { id, held }: HeldFolder): DeviceId[] {
  const others = [...parts.groupLog.state.members.keys()].filter((device) => device !== parts.transport.self)
  return others.filter(
    (device) =>
      !held.remotes.has(device) && parts.deps.catalogue.read((tx) => tx.peerPosition(id, device)) !== undefined,
  )
}

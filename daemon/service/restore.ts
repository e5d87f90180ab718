/** Bringing back what a path held: here, on the device that keeps it, or somewhere else on this machine. */

import type { Restore, Restored } from '../../protocol/api/versions.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { blobHashOf } from '../../protocol/ids.ts'
import type { KeptVersion } from '../../protocol/kept-messages.ts'
import type { RelPath } from '../../protocol/path.ts'
import { nameOf as lastOf, parseRelPath } from '../../protocol/path.ts'
import { keptOf, restoreTargets } from '../core/kept-at.ts'
import type { Target } from '../core/undo.ts'
import { RESTORED } from '../core/undo.ts'
import { ServiceError } from '../http/service.ts'
import type { AbortOptions, VersionRecord } from '../ports.ts'
import type { BroughtBack } from '../sync/bring-back.ts'
import { bringBack } from '../sync/bring-back.ts'
import { isThere, keptRecords, refusalOf, restoreHere } from '../sync/kept.ts'
import { askKept } from '../sync/kept-ask.ts'
import { broughtOf, furthest, holdersOnline } from '../sync/undo.ts'
import type { SavedContent } from '../versions-port.ts'
import { countBrought } from './brought.ts'
import { locate } from './located.ts'
import type { ServiceParts } from './parts.ts'
import { nameOf } from './refs.ts'
import type { Asked } from './versions.ts'
import { asked, holdersOffline, undoPorts } from './versions.ts'

export async function restore(parts: ServiceParts, request: Restore, o: AbortOptions): Promise<Restored> {
  const at = await asked(parts, request.path)
  const atMs = request.atMs ?? null
  const records = await keptRecords(at.folder)
  const found = restoreTargets(records, at.path, atMs, (path) => isThere(at.folder, path))
  const isKeptHere = restoreTargets(records, at.path, null, () => false).targets.length > 0
  const keepers = await keepersOf(parts, at, { records, atMs }, o)
  // Of a directory, what this device keeps is enough to be put elsewhere.
  const isHere = keepers[0] === parts.transport.self || (found.isDirectory && isKeptHere)
  if (request.to !== undefined) {
    if (isHere) return await restoreTo(parts, at, { ...request, to: request.to }, found, o)
    throw keptElsewhere(parts, at, keepers)
  }
  // A directory comes from all who keep something of it; but to be as it was at a time, from one.
  const chosen = found.isDirectory && atMs === null ? keepers : keepers.slice(0, 1)
  const paths: BroughtBack[] = []
  for (const device of chosen) {
    const isSelf = device === parts.transport.self
    paths.push(...(isSelf ? await restoreInPlace(at, atMs, o) : await restoreElsewhere(parts, at, device, atMs, o)))
  }
  if (paths.length > 0) return toRestored(parts, at, request.path, chosen[0] ?? parts.transport.self, furthest(paths))
  throw isKeptHere || keepers.length > 0 ? sameAsThen(request, found.isDirectory) : nothingKept(parts, at)
}

async function restoreInPlace({ known, folder, path }: Asked, atMs: number | null, o: AbortOptions) {
  const refusal = await refusalOf(folder, known.held.settings.mode)
  if (refusal !== null) throw new ServiceError('folder-not-ready', `"${known.name}": ${refusal}`)
  return collect(restoreHere(folder, path, atMs, o))
}

async function collect(all: AsyncIterable<BroughtBack>): Promise<BroughtBack[]> {
  const collected: BroughtBack[] = []
  for await (const each of all) collected.push(each)
  return collected
}

function sameAsThen({ path, atMs }: Restore, isDirectory: boolean): ServiceError {
  const message =
    atMs === undefined && isDirectory
      ? `All that is kept of what lay below ${path} is there.`
      : `${path} was not replaced or deleted since then: what is there now was there.`
  const nextStep = atMs === undefined ? 'Name a file, or a time with --at.' : 'See `holt versions` for the times.'
  return new ServiceError('nothing-kept', message, { nextStep })
}

// ---- Who keeps it.

/** The devices that keep what is meant, first the one whose version is it. */
async function keepersOf(
  parts: ServiceParts,
  at: Asked,
  { records, atMs }: { readonly records: readonly VersionRecord[]; readonly atMs: number | null },
  o: AbortOptions,
): Promise<readonly DeviceId[]> {
  const { known, folder, path } = at
  const question = { kind: 'versions', folder: folder.id, path, isRecursive: true } as const
  const replies = await Promise.all(
    holdersOnline(known.held).map((device) => askKept(undoPorts(parts), device, question, o)),
  )
  const here = { device: parts.transport.self, versions: keptOf(records, path, true) }
  const there = replies.map(({ device, parts: said }) => ({
    device,
    versions: said.flatMap((part): readonly Fitting[] => (part.kind === 'versions' ? part.versions : [])),
  }))
  const ranked = [here, ...there]
    .flatMap(({ device, versions }) => bestOf(versions, atMs).map((best) => ({ device, ...best })))
    .sort((a, b) => b.rank - a.rank)
  const [first] = ranked
  // The same content was kept a moment later elsewhere: it needs not come from there.
  const isHereToo = ({ device, hash }: (typeof ranked)[number]): boolean =>
    device === parts.transport.self && hash !== null && hash === first?.hash
  return [...ranked.filter(isHereToo), ...ranked.filter((each) => !isHereToo(each))].map(({ device }) => device)
}

type Fitting = Pick<KeptVersion, 'keptMs' | 'reason' | 'hash'>
/** Below all whose path is known, in milliseconds. */
const LOST = 2 ** 53

/** The larger the rank, the better: the newest of all, or the first that was taken away after a time. At most one. */
function bestOf(
  versions: readonly Fitting[],
  atMs: number | null,
): { readonly rank: number; readonly hash: Fitting['hash'] }[] {
  return versions
    .filter(({ keptMs }) => atMs === null || keptMs > atMs)
    .map(({ keptMs, reason, hash }) => {
      const rank = (atMs === null ? keptMs : -keptMs) - (reason === 'unknown' ? LOST : 0)
      return { rank, hash }
    })
    .sort((a, b) => b.rank - a.rank)
    .slice(0, 1)
}

/** The device brings it back there: it comes here as its edit. */
async function restoreElsewhere(
  parts: ServiceParts,
  at: Asked,
  device: DeviceId,
  atMs: number | null,
  o: AbortOptions,
): Promise<readonly BroughtBack[]> {
  const question = { kind: 'restore', folder: at.folder.id, path: at.path, atMs } as const
  const { parts: said, refusal } = await askKept(undoPorts(parts), device, question, o)
  const paths = broughtOf(said)
  if (paths.length > 0 || refusal === null) return paths
  throw new ServiceError('folder-not-ready', `${nameOf(parts, device)} keeps it. ${refusal}`)
}

function nothingKept(parts: ServiceParts, { known, path }: Asked): ServiceError {
  const away = holdersOffline(parts, known).map((device) => nameOf(parts, device))
  const what = path === '' ? known.name : path
  const message = `Nothing is kept of ${what}, neither here nor on another device that is online.`
  if (away.length === 0) return new ServiceError('nothing-kept', message)
  const nextStep = `${away.join(' and ')} may keep it: try again when online.`
  return new ServiceError('nothing-kept', message, { nextStep })
}

function keptElsewhere(parts: ServiceParts, at: Asked, [device]: readonly DeviceId[]): ServiceError {
  if (device === undefined) return nothingKept(parts, at)
  return new ServiceError('kept-elsewhere', `${nameOf(parts, device)} keeps it, and not this device.`)
}

// ---- To another path.

type Request = Restore & { readonly to: string }
type Found = ReturnType<typeof restoreTargets>

async function restoreTo(
  parts: ServiceParts,
  at: Asked,
  request: Request,
  found: Found,
  o: AbortOptions,
): Promise<Restored> {
  const records = await keptRecords(at.folder)
  const isAll = restoreTargets(records, at.path, request.atMs ?? null, () => false)
  const targets = found.isDirectory ? isAll.targets : found.targets
  const facts = await parts.machine.inspect(request.to)
  const isInto = facts.isDirectory && !found.isDirectory
  const to = isInto ? `${request.to.replace(/\/+$/, '')}/${lastOf(parseRelPath(at.path))}` : request.to
  const place = await locate(parts, to).catch((cause: unknown) => {
    if (cause instanceof ServiceError && cause.code === 'not-in-folder') return undefined
    throw cause
  })
  const moved = targets.map((target) => ({ target, suffix: found.isDirectory ? suffixOf(target.path, at.path) : '' }))
  const isSameFolder = place?.known.id === at.known.id && place.path !== undefined
  const paths = isSameFolder
    ? await placeInFolder(at, place.path, moved, request, o)
    : await saveOutside(parts, at, to, moved, request, o)
  return toRestored(parts, at, to, parts.transport.self, paths)
}

/** What follows the asked path, with its slash; empty for the path itself. */
function suffixOf(path: RelPath, asked: string): string {
  return asked === '' ? `/${path}` : path.slice(asked.length)
}

interface Moved {
  readonly target: Target
  readonly suffix: string
}

async function placeInFolder(
  { known, folder }: Asked,
  to: RelPath,
  moved: readonly Moved[],
  { overwrite }: Request,
  o: AbortOptions,
): Promise<BroughtBack[]> {
  const refusal = await refusalOf(folder, known.held.settings.mode)
  if (refusal !== null) throw new ServiceError('folder-not-ready', `"${known.name}": ${refusal}`)
  const targets = moved.map(({ target, suffix }) => ({ ...target, path: parseRelPath(`${to}${suffix}`), became: null }))
  const taken = targets.find(({ path, version }) => !version.isDirectory && isThere(folder, path))
  if (taken !== undefined && !overwrite) throw new ServiceError('target-exists', `${taken.path} is there already.`)
  return collect(bringBack(folder, targets, { reason: RESTORED, isForced: overwrite, isDryRun: false }, o))
}

async function saveOutside(
  parts: ServiceParts,
  { folder }: Asked,
  to: string,
  moved: readonly Moved[],
  { overwrite }: Request,
  o: AbortOptions,
): Promise<BroughtBack[]> {
  const paths: BroughtBack[] = []
  for (const { target, suffix } of moved) {
    const { path, version } = target
    const content = await contentOf(parts, folder, target, o)
    if (content === undefined) continue
    const saved = await save(parts, `${to}${suffix}`, content, { overwrite, signal: o.signal })
    if (saved === 'exists' && moved.length === 1) throw new ServiceError('target-exists', `${to} is there already.`)
    const kind = saved === 'saved' ? 'back' : 'changed'
    const sentence = saved === 'saved' ? null : 'Something is there already.'
    paths.push({ path, kind, sentence, sizeBytes: version.sizeBytes })
  }
  return paths
}

/** @throws ServiceError `no-space`, `storage-failed`: nothing of this one was written, and running it again goes on. */
async function save(
  { machine }: ServiceParts,
  path: string,
  content: SavedContent,
  o: Parameters<ServiceParts['machine']['saveFile']>[2],
): ReturnType<ServiceParts['machine']['saveFile']> {
  try {
    return await machine.saveFile(path, content, o)
  } catch (cause) {
    if (o.signal.aborted || !(cause instanceof Error) || !('code' in cause)) throw cause
    throw new ServiceError(cause.code === 'no-space' ? 'no-space' : 'storage-failed', `${cause.message}.`, { cause })
  }
}

/** Undefined for what has no bytes: an empty directory, or what retention has just dropped. */
async function contentOf(
  { deps }: ServiceParts,
  { tree }: Asked['folder'],
  { version }: Target,
  o: AbortOptions,
): Promise<SavedContent | undefined> {
  const kept = version.isDirectory ? undefined : await tree.lookAtVersion(version.name)
  if (kept?.kind !== 'file') return kept
  const { mtimeMs, executable } = kept
  const { hash } = version
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    const hasher = deps.crypto.hasher()
    for await (const piece of tree.readVersion(version.name, o)) {
      hasher.update(piece)
      yield piece
    }
    if (hash !== null && blobHashOf(hasher.digest()) !== hash)
      throw new ServiceError(
        'storage-failed',
        `The kept version of ${version.path} is damaged: its bytes are not what they were.`,
      )
  }
  return { kind: 'file', bytes: bytes(), mtimeMs, executable }
}

function toRestored(
  parts: ServiceParts,
  { known, path }: Asked,
  to: string,
  device: DeviceId,
  paths: readonly BroughtBack[],
): Restored {
  return {
    folder: known.id,
    folderName: known.name,
    path,
    to,
    device,
    deviceName: nameOf(parts, device),
    ...countBrought(paths),
  }
}

/** A folder as the API shows it: its state in one word, and the reason in a sentence. */

import { hex } from '@scure/base'
import type { Folder as FolderView, FolderPeer, FolderState, Halt as HaltView } from '../../protocol/api/folders.ts'
import { sameBytes } from '../../protocol/chunks.ts'
import type { Head } from '../../protocol/manifest.ts'
import { openHead } from '../../protocol/manifest.ts'
import { formatConflictPolicy } from '../../protocol/folder-options.ts'
import type { DeviceId, FolderId } from '../../protocol/ids.ts'
import type { FolderTotals } from '../catalogue-port.ts'
import type { Folder, Halt } from '../sync/folder.ts'
import type { Held } from '../sync/holding.ts'
import type { PullStatus } from '../sync/pull.ts'
import type { Selection } from '../sync/settings.ts'
import { heldBack } from '../sync/follow-choices.ts'
import { countConflicts } from './conflicts.ts'
import { waitingSentence } from '../core/obstacles.ts'
import { policyOf } from './folder-choices.ts'
import type { ServiceParts } from './parts.ts'
import type { KnownFolder } from './refs.ts'
import { nameOf } from './refs.ts'

/** Said of the group and of each of its folders. */
export const NEWER_GROUP =
  'A newer Holt has changed the group in a way that this one does not know. Nothing is synced before it is updated: update Holt on this device.'
/** Whoever types the first that is shown has lost nothing. */
const WHICH_COMMAND =
  'The first command brings all of them back on every device; the second lets them go, if that was meant.'
/** Conflict copies are counted up to here. */
const CONFLICTS_COUNTED_MAX = 1000
/** So are paths that are not taken from others. */
const HELD_BACK_COUNTED_MAX = 1000

export function toFolderView(parts: ServiceParts, known: KnownFolder): FolderView {
  const { id, name, held } = known
  const { catalogue } = parts.deps
  const { totals, localChanges } = catalogue.read((tx) => ({
    totals: tx.totals(id),
    localChanges: tx.localCount(id),
  }))
  const waiting = missingOf(parts, id)
  const amount = { files: totals.files, bytes: totals.bytes }
  return {
    id,
    name,
    root: held?.settings.path ?? null,
    mode: held?.settings.mode ?? null,
    conflictPolicy: formatConflictPolicy(policyOf(parts, id)),
    retention: held?.settings.retention ?? null,
    selection: held === undefined ? null : toSelectionView(held.settings.selection),
    links: held?.settings.links ?? null,
    leftOut: leftOutFiles(parts, id, held?.folder),
    state: stateOf(parts, known, totals),
    held: amount,
    total: { files: amount.files + waiting.files, bytes: amount.bytes + waiting.bytes },
    down: parts.sync.pulls.totals(id) ?? null,
    up: parts.uploads.totals(id) ?? null,
    conflicts: countConflicts(parts, known, CONFLICTS_COUNTED_MAX),
    localChanges,
    heldBack: heldBackCount(held?.folder),
    problems: problemCount(held?.folder),
    peers: peersOf(parts, id, held, totals),
    digest: held === undefined ? null : hex.encode(totals.digest),
    lastInSyncMs: parts.notes.lastInSyncMs(id),
  }
}

function heldBackCount(folder: Folder | undefined): number {
  if (folder?.mode !== 'send-only') return 0
  let count = 0
  for (const _ of heldBack(folder)) {
    count += 1
    if (count === HELD_BACK_COUNTED_MAX) break
  }
  return count
}

function leftOutFiles({ deps }: ServiceParts, id: FolderId, folder: Folder | undefined): number {
  if (folder === undefined || folder.selection.isEmpty) return 0
  return deps.catalogue.read((tx) => tx.notHeldFiles(id))
}

function toSelectionView({ include, exclude }: Selection): NonNullable<FolderView['selection']> {
  return { include: [...include], exclude: [...exclude] }
}

function problemCount(folder: Folder | undefined): number {
  if (folder === undefined) return 0
  return (
    [...folder.problems.values()].reduce((sum, list) => sum + list.length, 0) +
    folder.failures.size +
    folder.blocked.size +
    folder.damaged.size
  )
}

function stateOf(parts: ServiceParts, { id, name, held }: KnownFolder, totals: FolderTotals): FolderState {
  if (held === undefined) return { kind: 'offered' }
  const { folder, settings } = held
  if (settings.isPaused) return { kind: 'paused' }
  const newer = newerHalt(parts, held)
  if (newer !== undefined) return { kind: 'halted', halt: newer }
  if (folder === undefined)
    return held.fault === null ? { kind: 'starting' } : { kind: 'halted', halt: faultHalt(parts, name, held) }
  if (folder.halt !== null) return { kind: 'halted', halt: toHaltView(parts, name, held, folder.halt) }
  const remote = remoteHalt(parts, name, held)
  if (remote !== undefined) return { kind: 'halted', halt: remote }
  if (folder.isRecovering) return { kind: 'recovering' }
  if (!folder.isScanned) return { kind: 'scanning', files: totals.files, filesTotal: null }
  return syncState(parts, id)
}

function syncState(parts: ServiceParts, id: FolderId): FolderState {
  const isDirty = parts.deps.catalogue.read((tx) => tx.hasDirty(id))
  const missing = missingOf(parts, id)
  if (missing.files === 0 && !isDirty) return { kind: 'in-sync' }
  const first = missing.files > 0 && !isDirty ? stuckPull(parts, id) : undefined
  if (first === undefined) return { kind: 'syncing', missing }
  const names = first.holders.map((device) => nameOf(parts, device))
  return { kind: 'waiting', missing, reason: waitingSentence(first.state, first.reason, names) }
}

/** The first of what a folder waits for, where nothing of it moves. */
function stuckPull({ sync }: ServiceParts, id: FolderId): PullStatus | undefined {
  let first: PullStatus | undefined
  for (const pull of sync.pulls.wanted()) {
    if (pull.folder !== id) continue
    if (pull.state === 'active' || pull.state === 'queued') return undefined
    first ??= pull
  }
  return first
}

/** What the group has and this device still lacks, as far as its plans have come. */
function missingOf(parts: ServiceParts, id: FolderId): { files: number; bytes: number } {
  const files = parts.sync.engine.folder(id)?.waiting.size ?? 0
  const totals = parts.sync.pulls.totals(id)
  return { files, bytes: totals === undefined ? 0 : totals.bytesTotal - totals.bytesDone }
}

// ---- Halts.

function toHaltView(parts: ServiceParts, name: string, held: Held, halt: Halt): HaltView {
  const reason = reasonOf(halt)
  const base = { reason, deletes: null, sinceMs: parts.notes.haltedSinceMs(held.settings.id, reason) }
  const quoted = JSON.stringify(name)
  switch (halt.kind) {
    case 'mass-delete-here':
    case 'mass-delete-elsewhere': {
      const where = halt.kind === 'mass-delete-here' ? 'on this device' : 'on another device'
      return {
        ...base,
        detail: `${halt.deletes} of ${halt.live} entries were deleted ${where}. Nothing was passed on. ${WHICH_COMMAND}`,
        commands: massDeleteCommands(name),
        deletes: { count: halt.deletes, of: halt.live, device: null },
      }
    }
    case 'root-missing':
    case 'root-unmarked':
      return {
        ...base,
        detail: `${held.settings.path} is ${halt.kind === 'root-missing' ? 'not there' : 'there, but not the folder that it was'}. Mount its disk, or say where it was moved.${halt.kind === 'root-unmarked' ? ' If this is it, and only its .holt was lost, say so.' : ''}`,
        commands:
          halt.kind === 'root-missing'
            ? [`holt folder move ${quoted} NEWPATH`]
            : [`holt folder move ${quoted} NEWPATH`, adoptCommand(quoted, held.settings.path)],
      }
    case 'root-read-only':
      return {
        ...base,
        detail: `${held.settings.path} cannot be written to. Make it writable; it goes on by itself.`,
        commands: [],
      }
    case 'mount-missing':
      return {
        ...base,
        detail: `Another volume used to be mounted at ${halt.path}. Mount it; it goes on by itself.`,
        commands: [],
      }
  }
}

function adoptCommand(quoted: string, path: string): string {
  return `holt folder move ${quoted} ${JSON.stringify(path)} --adopt`
}

/** Commands that end a halt for deletions: first the one that brings everything back. */
export function massDeleteCommands(name: string): string[] {
  return ['reject', 'approve'].map((decision) => `holt ${decision} ${JSON.stringify(name)}`)
}

function reasonOf(halt: Halt): HaltView['reason'] {
  switch (halt.kind) {
    case 'mass-delete-here':
    case 'mass-delete-elsewhere':
      return 'mass-delete'
    case 'mount-missing':
      return 'mount-changed'
    default:
      return halt.kind
  }
}

/** A root that could not be opened; it is tried again all the time. */
function faultHalt(parts: ServiceParts, name: string, held: Held): HaltView {
  const { path } = held.settings
  const { code, message } = held.fault ?? { code: undefined, message: '' }
  const toBase = (reason: HaltView['reason']) => ({
    reason,
    commands: [],
    deletes: null,
    sinceMs: parts.notes.haltedSinceMs(held.settings.id, reason),
  })
  switch (code) {
    case 'missing':
      return toHaltView(parts, name, held, { kind: 'root-missing' })
    case 'unmarked':
      return toHaltView(parts, name, held, { kind: 'root-unmarked' })
    case 'read-only':
    case 'denied':
      return toHaltView(parts, name, held, { kind: 'root-read-only' })
    case 'no-space':
      return {
        ...toBase('no-space'),
        detail: `The disk of ${path} is full. Free some space; it goes on by itself.`,
      }
    default:
      return { ...toBase('disk-error'), detail: `${path} cannot be used: ${message}. It is tried again.` }
  }
}

/** What is said of the folder cannot be understood here. */
function newerHalt(parts: ServiceParts, { settings, newer }: Held): HaltView | undefined {
  const isGroup = parts.groupLog.state.hasUnknownKind
  if (!isGroup && newer.size === 0) return undefined
  const reason = 'update-needed'
  const who = [...newer].map((device) => nameOf(parts, device)).join(' and ')
  return {
    reason,
    detail: isGroup
      ? NEWER_GROUP
      : `${who} ${newer.size === 1 ? 'says' : 'say'} of this folder what only a newer Holt knows. Nothing is taken before this one is updated: update Holt on this device.`,
    commands: [],
    deletes: null,
    sinceMs: parts.notes.haltedSinceMs(settings.id, reason),
  }
}

/** Another device of the group waits for a person, and any device may answer. */
function remoteHalt(parts: ServiceParts, name: string, held: Held): HaltView | undefined {
  const found = [...held.remotes].find(([, remote]) => remote.halt !== null)
  if (found === undefined || found[1].halt === null) return undefined
  const [device, { halt }] = found
  const who = nameOf(parts, device)
  return {
    reason: 'mass-delete',
    detail: `${who} waits for a person: ${halt.deletes} of ${halt.live} entries were deleted. ${WHICH_COMMAND}`,
    commands: massDeleteCommands(name),
    deletes: { count: halt.deletes, of: halt.live, device },
    sinceMs: parts.notes.haltedSinceMs(held.settings.id, 'mass-delete'),
  }
}

// ---- Other devices.

/** Live entries of a folder up to which it is counted, and not estimated, what a device with another selection lacks. */
const COUNTED_LIVE_MAX = 100_000

/** Equal digests are in sync. Where one of two devices leaves something out, they are when the other lacks nothing that it wants. */
function standingOf(
  { deps }: ServiceParts,
  id: FolderId,
  device: DeviceId,
  head: Head,
  totals: FolderTotals,
  held: Held | undefined,
): { readonly isInSync: boolean; readonly lacks: number } {
  if (sameBytes(head.stateDigest, totals.digest)) return { isInSync: true, lacks: 0 }
  const estimate = Math.max(0, totals.live - head.liveCount)
  const leavesOut = held?.folder?.selection.isEmpty === false || deps.catalogue.read((tx) => tx.leavesOut(id, device))
  if (!leavesOut || totals.live > COUNTED_LIVE_MAX) return { isInSync: false, lacks: estimate }
  const { entries } = deps.catalogue.read((tx) => tx.lackingAt(id, device))
  return { isInSync: entries === 0, lacks: entries }
}

function peersOf(parts: ServiceParts, id: FolderId, held: Held | undefined, totals: FolderTotals): FolderPeer[] {
  const devices = [...parts.groupLog.state.members.keys()].filter((device) => device !== parts.transport.self)
  return devices.flatMap((device): FolderPeer[] => {
    const known = parts.deps.catalogue.read((tx) => tx.peerPosition(id, device))
    const holds = held?.remotes.has(device) === true
    if (known === undefined && !holds) return []
    const isOnline = parts.sync.engine.sessions().get(device) !== undefined
    const head = known === undefined ? undefined : openHead(known.head, parts.deps.crypto)
    const stands = head === undefined ? undefined : standingOf(parts, id, device, head, totals, held)
    const isInSync = stands?.isInSync === true
    return [
      {
        device,
        isOnline,
        isInSync,
        missing: stands === undefined ? null : { files: stands.lacks, bytes: 0 },
      },
    ]
  })
}

/** What a person should look at, with the command that helps. */

import type { Attention } from '../../protocol/api/daemon.ts'
import type { Folder as FolderView } from '../../protocol/api/folders.ts'
import { NEWER_GROUP } from './folder-view.ts'
import type { ServiceParts } from './parts.ts'
import { nameOf } from './refs.ts'

export function attentionOf(parts: ServiceParts, folders: readonly FolderView[]): Attention[] {
  const all = folders.flatMap((folder) => [
    ...haltOf(folder),
    ...conflictsOf(folder),
    ...damageOf(folder, damagedIn(parts, folder)),
    ...problemsOf(folder, damagedIn(parts, folder)),
    ...differencesOf(folder),
  ])
  const group = [...removedHere(parts), ...newerGroup(parts, folders), ...newerDevices(parts)]
  return [...group, ...damagedCatalogue(parts), ...all]
}

function damagedCatalogue({ facts }: ServiceParts): Attention[] {
  const file = facts.damagedCatalogue
  if (file === null) return []
  const detail = `The catalogue could not be read, and was made anew from the folders and the other devices; nothing is lost. If that happens again, check the disk of ${facts.home}. The damaged one is kept; this is said until it is removed, and Holt started again.`
  return [{ kind: 'problem', detail, command: `rm ${JSON.stringify(file)}`, folder: null }]
}

function haltOf({ id, state }: FolderView): Attention[] {
  if (state.kind !== 'halted') return []
  return [{ kind: 'halt', detail: state.halt.detail, command: state.halt.commands[0] ?? null, folder: id }]
}

function conflictsOf({ id, name, conflicts }: FolderView): Attention[] {
  if (conflicts === 0) return []
  const detail = conflicts === 1 ? `"${name}" has a conflict.` : `"${name}" has ${conflicts} conflicts.`
  return [{ kind: 'conflict', detail, command: 'holt conflicts', folder: id }]
}

function damagedIn({ sync }: ServiceParts, { id }: FolderView): number {
  return sync.engine.folder(id)?.damaged.size ?? 0
}

function damageOf({ id, name }: FolderView, damaged: number): Attention[] {
  if (damaged === 0) return []
  const what = damaged === 1 ? '1 file' : `${damaged} files`
  const detail = `The disk has damaged ${what} of "${name}". Nothing of it is passed on.`
  return [{ kind: 'problem', detail, command: `holt verify ${JSON.stringify(name)} --repair`, folder: id }]
}

/** @param damaged of the problems, those that are said already. */
function problemsOf({ id, name, problems }: FolderView, damaged: number): Attention[] {
  const others = problems - damaged
  if (others <= 0) return []
  const detail = `${others} ${others === 1 ? 'path' : 'paths'} of "${name}" cannot be synced.`
  return [{ kind: 'problem', detail, command: `holt ls ${JSON.stringify(name)} --state problem`, folder: id }]
}

/** What a mode leaves different, and the command that ends it. */
function differencesOf({ id, name, mode, localChanges, heldBack }: FolderView): Attention[] {
  const quoted = JSON.stringify(name)
  const paths = (count: number): string => (count === 1 ? '1 path' : `${count} paths`)
  // An archive is meant to differ.
  if (localChanges > 0 && mode === 'receive-only') {
    const detail = `${paths(localChanges)} of ${quoted} ${localChanges === 1 ? 'was' : 'were'} changed on this device, which only receives. They go no further; giving them up puts them into the versions.`
    return [{ kind: 'problem', detail, command: `holt revert ${quoted}`, folder: id }]
  }
  if (heldBack === 0) return []
  const detail = `Others changed ${paths(heldBack)} of ${quoted}, which this device only sends. Overriding makes them as they are here.`
  return [{ kind: 'problem', detail, command: `holt override ${quoted}`, folder: id }]
}

/** Said once, by the folders if there are any. */
function newerGroup({ groupLog }: ServiceParts, folders: readonly FolderView[]): Attention[] {
  const isSaid = folders.some(({ state }) => state.kind === 'halted' && state.halt.reason === 'update-needed')
  if (!groupLog.state.hasUnknownKind || isSaid) return []
  return [{ kind: 'update', detail: NEWER_GROUP, command: null, folder: null }]
}

/** Devices with whom nothing can be exchanged before this Holt is updated. */
function newerDevices(parts: ServiceParts): Attention[] {
  return parts.troubles
    .newer()
    .filter((device) => parts.groupLog.isMember(device))
    .map((device) => ({
      kind: 'update',
      detail: `${nameOf(parts, device)} runs a newer Holt that this one does not understand. Update Holt on this device.`,
      command: null,
      folder: null,
    }))
}

/** What happened, whether the files are safe (they are), and what there is to do. */
function removedHere(parts: ServiceParts): Attention[] {
  const { groupLog } = parts
  const { removal, standing, state } = groupLog
  if (standing === 'member') return []
  const group = `the group "${state.name}"`
  const rest =
    'Its files stay, and no longer sync. `holt leave` gives it a new identity, with which it can be paired again.'
  const base = { kind: 'peer', command: 'holt leave', folder: null } as const
  if (removal === undefined || removal.by === groupLog.self)
    return [{ ...base, detail: `This device is no longer in ${group}. ${rest}` }]
  const by = removal.by === state.recovery ? 'with the recovery words' : `by ${nameOf(parts, removal.by)}`
  const at = new Date(removal.atMs).toISOString().slice(0, 16).replace('T', ' ')
  const as = removal.isLost ? ' as lost' : ''
  const thief =
    removal.by === state.recovery
      ? ''
      : ` If ${nameOf(parts, removal.by)} is in other hands, the recovery words take that back: holt device remove ${nameOf(parts, removal.by)} --lost --words.`
  return [{ ...base, detail: `This device was removed from ${group}${as} ${by}, on ${at} UTC. ${rest}${thief}` }]
}

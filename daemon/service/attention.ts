/** What a person should look at, with the command that helps. */

import type { Attention } from '../../protocol/api/daemon.ts'
import type { Folder as FolderView } from '../../protocol/api/folders.ts'
import type { ServiceParts } from './parts.ts'

export function attentionOf(parts: ServiceParts, folders: readonly FolderView[]): Attention[] {
  const all = folders.flatMap((folder) => [...haltOf(folder), ...conflictsOf(folder), ...problemsOf(folder)])
  const own = [...(parts.groupLog.standing === 'member' ? [] : [removedHere(parts)]), ...damagedCatalogue(parts)]
  return [...own, ...all]
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
  const detail = conflicts === 1 ? `"${name}" has a conflict copy.` : `"${name}" has ${conflicts} conflict copies.`
  return [{ kind: 'conflict', detail, command: 'holt conflicts', folder: id }]
}

function problemsOf({ id, name, problems }: FolderView): Attention[] {
  if (problems === 0) return []
  const detail = `${problems} ${problems === 1 ? 'path' : 'paths'} of "${name}" cannot be synced.`
  return [{ kind: 'problem', detail, command: `holt ls ${JSON.stringify(name)} --state problem`, folder: id }]
}

function removedHere({ groupLog }: ServiceParts): Attention {
  const detail = `This device was removed from the group "${groupLog.state.name}". Its files stay, and no longer sync.`
  return { kind: 'peer', detail, command: 'holt leave', folder: null }
}

/** What a person should look at, with the command that helps. */

import type { Attention } from '../../protocol/api/daemon.ts'
import type { Folder as FolderView } from '../../protocol/api/folders.ts'
import type { ServiceParts } from './parts.ts'

export function attentionOf(parts: ServiceParts, folders: readonly FolderView[]): Attention[] {
  const all = folders.flatMap((folder) => [...haltOf(folder), ...conflictsOf(folder), ...problemsOf(folder)])
  return parts.groupLog.standing === 'member' ? all : [removedHere(parts), ...all]
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

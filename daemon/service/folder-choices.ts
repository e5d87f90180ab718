/** What a person chooses for a folder: its mode and selection here, how conflicts are settled everywhere. */

import type { ChangeFolder } from '../../protocol/api/folders.ts'
import type { ConflictPolicy } from '../../protocol/folder-options.ts'
import { KEEP_BOTH, conflictPolicyOf, parseConflictPolicy, withConflictPolicy } from '../../protocol/folder-options.ts'
import type { FolderId } from '../../protocol/ids.ts'
import { ServiceError } from '../http/service.ts'
import type { Folder } from '../sync/folder.ts'
import { override, revert } from '../sync/follow-choices.ts'
import type { FolderSettings } from '../sync/settings.ts'
import type { ServiceParts } from './parts.ts'
import { deviceOf, folderOf, heldFolderOf } from './refs.ts'
import type { KnownFolder } from './refs.ts'

const PREFER = 'prefer:'

/** The policy of a folder, as the group has agreed on it. */
export function policyOf({ groupLog }: Pick<ServiceParts, 'groupLog'>, id: FolderId): ConflictPolicy {
  const record = groupLog.state.folders.get(id)
  return record === undefined ? KEEP_BOTH : conflictPolicyOf(record.options)
}

/** Changes what is named. @throws ServiceError */
export async function changeFolder(parts: ServiceParts, ref: string, request: ChangeFolder): Promise<KnownFolder> {
  const { mode, conflictPolicy, retention, selection, links, confirm } = request
  const isLocal = [mode, retention, selection, links].some((choice) => choice !== undefined)
  const known = isLocal ? heldFolderOf(parts, ref) : folderOf(parts, ref)
  if (mode !== undefined && !confirm) checkLocalChanges(parts, known, mode)
  if (conflictPolicy !== undefined) await setPolicy(parts, known, policyFrom(parts, conflictPolicy))
  if (isLocal && known.held !== undefined) {
    const { settings } = known.held
    const changed: FolderSettings = {
      ...settings,
      mode: mode ?? settings.mode,
      retention: { ...settings.retention, ...defined(retention) },
      selection: { ...settings.selection, ...defined(selection) },
      links: links ?? settings.links,
    }
    await parts.sync.engine.change(changed)
  }
  return folderOf(parts, known.id)
}

/** What was changed on a device that only received would go out to all at once. */
function checkLocalChanges({ deps }: ServiceParts, { id, name }: KnownFolder, mode: FolderSettings['mode']): void {
  if (mode === 'receive-only' || mode === 'receive-archive') return
  const count = deps.catalogue.read((tx) => tx.localCount(id))
  if (count === 0) return
  throw new ServiceError(
    'local-changes',
    `"${name}" has ${count} ${count === 1 ? 'path' : 'paths'} that ${count === 1 ? 'is' : 'are'} only so on this device; as ${mode} it would send them to all others.`,
  )
}

/** @throws ServiceError */
export async function overrideFolder(parts: ServiceParts, ref: string): Promise<KnownFolder> {
  const { id, folder } = runningIn(parts, ref, ['send-only'], 'send-only')
  const count = override(folder)
  parts.deps.log.event('folder.overridden', { folder: id, paths: count })
  return Promise.resolve(folderOf(parts, id))
}

/** @throws ServiceError */
export async function revertFolder(parts: ServiceParts, ref: string): Promise<KnownFolder> {
  const { id, folder } = runningIn(parts, ref, ['receive-only', 'receive-archive'], 'receive-only or receive-archive')
  const count = revert(folder)
  parts.deps.log.event('folder.reverted', { folder: id, paths: count })
  return Promise.resolve(folderOf(parts, id))
}

function runningIn(
  parts: ServiceParts,
  ref: string,
  modes: readonly FolderSettings['mode'][],
  words: string,
): { readonly id: FolderId; readonly folder: Folder } {
  const { id, name, held } = heldFolderOf(parts, ref)
  const { mode } = held.settings
  if (!modes.includes(mode))
    throw new ServiceError('wrong-mode', `"${name}" is ${mode} on this device; this is for folders that are ${words}.`)
  // What was not compared with the disk since the start would be taken for deleted here, or for local.
  if (held.folder?.isScanned !== true) throw new ServiceError('starting', `"${name}" is still looked through.`)
  if (held.folder.halt !== null)
    throw new ServiceError('folder-halted', `"${name}" is halted; \`holt status\` says why. Nothing was changed.`)
  return { id, folder: held.folder }
}

function defined<T extends object>(given: T | undefined): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}

/** A person names a device as they call it; the group knows ids. */
function policyFrom(parts: ServiceParts, text: string): ConflictPolicy {
  if (text.startsWith(PREFER)) return { kind: 'prefer', device: deviceOf(parts, text.slice(PREFER.length)) }
  const policy = parseConflictPolicy(text)
  if (policy !== undefined) return policy
  throw new ServiceError('bad-request', `"${text}" is no way to settle conflicts.`, {
    nextStep: 'It is keep-both, newest, manual, or prefer: and the name of a device.',
  })
}

async function setPolicy(parts: ServiceParts, { id, name }: KnownFolder, policy: ConflictPolicy): Promise<void> {
  const record = parts.groupLog.state.folders.get(id)
  if (record === undefined) throw new ServiceError('folder-not-found', `The group does not offer "${name}".`)
  const { folder, defaultMode, options } = record
  const verdict = await parts.groupLog.setFolder({
    folder,
    name: record.name,
    defaultMode,
    options: withConflictPolicy(options, policy),
  })
  if (verdict !== 'allowed') throw new ServiceError(verdict, `The group does not take the change: ${verdict}.`)
}

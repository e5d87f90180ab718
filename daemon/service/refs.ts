/** What a person typed, as the folder or device that is meant. */

import type { DeviceId, FolderId } from '../../protocol/ids.ts'
import { ServiceError } from '../http/service.ts'
import type { Held } from '../sync/holding.ts'
import type { ServiceParts } from './parts.ts'

/** Enough of an id to tell devices apart. */
const SHORT_ID_CHARACTERS = 7

/** A folder that this device holds, or that the group offers. */
export interface KnownFolder {
  readonly id: FolderId
  readonly name: string
  readonly held: Held | undefined
  readonly isOffered: boolean
}

export function knownFolders({ sync, groupLog }: ServiceParts): KnownFolder[] {
  const held = new Map(sync.engine.held().map((each) => [each.settings.id, each]))
  const offered = [...groupLog.state.folders.values()].filter(({ isWithdrawn }) => !isWithdrawn)
  const names = new Map(offered.map(({ folder, name }) => [folder, name]))
  const ids = new Set([...held.keys(), ...names.keys()])
  return [...ids]
    .map((id) => ({
      id,
      name: held.get(id)?.settings.name ?? names.get(id) ?? id,
      held: held.get(id),
      isOffered: names.has(id),
    }))
    .sort((a, b) => (a.name === b.name ? (a.id < b.id ? -1 : 1) : a.name < b.name ? -1 : 1))
}

/** @throws ServiceError `folder-not-found`, `ambiguous-name` */
export function folderOf(parts: ServiceParts, ref: string): KnownFolder {
  const all = knownFolders(parts)
  const found = all.filter(({ id, name }) => id === ref || name === ref)
  const [only] = found.length === 0 ? all.filter(({ name }) => name.toLowerCase() === ref.toLowerCase()) : found
  if (only === undefined) throw new ServiceError('folder-not-found', `There is no folder "${ref}" in this group.`)
  if (found.length > 1) {
    throw new ServiceError(
      'ambiguous-name',
      `${found.length} folders are called "${ref}": ${found.map(({ id }) => id).join(', ')}.`,
    )
  }
  return only
}

/** @throws ServiceError as `folderOf`, and `not-held` */
export function heldFolderOf(parts: ServiceParts, ref: string): KnownFolder & { readonly held: Held } {
  const known = folderOf(parts, ref)
  const { held } = known
  if (held === undefined)
    throw new ServiceError('not-held', `The folder "${known.name}" is offered by the group, and not on this device.`)
  return { ...known, held }
}

/** What a device is called, or was last called before it left; the end of its id where nobody ever knew. */
export function nameOf({ groupLog }: Pick<ServiceParts, 'groupLog'>, device: DeviceId): string {
  return groupLog.state.names.get(device) ?? device.slice(-SHORT_ID_CHARACTERS)
}

interface Named {
  readonly device: DeviceId
  readonly name: string
}

/** @throws ServiceError `device-not-found`, `ambiguous-name` */
export function deviceOf({ groupLog }: ServiceParts, ref: string): DeviceId {
  return onlyOne([...groupLog.state.members.values()], ref)
}

/** Removed ones, too. @throws ServiceError as `deviceOf` */
export function seatedOf({ groupLog }: ServiceParts, ref: string): DeviceId {
  const { members, names } = groupLog.state
  const now = [...members.values()].some(({ device, name }) => device === ref || name === ref)
  return onlyOne(now ? [...members.values()] : [...names].map(([device, name]) => ({ device, name })), ref)
}

function onlyOne(known: readonly Named[], ref: string): DeviceId {
  const found = known.filter(({ device, name }) => device === ref || name === ref)
  const [only] = found.length === 0 ? known.filter(({ name }) => name.toLowerCase() === ref.toLowerCase()) : found
  if (only === undefined) throw new ServiceError('device-not-found', `There is no device "${ref}" in this group.`)
  if (found.length > 1) {
    throw new ServiceError(
      'ambiguous-name',
      `${found.length} devices are called "${ref}": ${found.map(({ device }) => device).join(', ')}.`,
    )
  }
  return only.device
}

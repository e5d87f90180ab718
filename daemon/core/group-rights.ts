/** What a device may do in its group: asked before an operation is made, so that a person is told instead of ignored. */

import { GROUP_DEVICES_MAX, FOLDERS_MAX } from '../../protocol/limits.ts'
import type { DeviceId, FolderId } from '../../protocol/ids.ts'
import type { GroupState } from './membership.ts'

export type RemovalVerdict =
  | 'allowed'
  | 'not-a-member'
  /** Only admins remove others. */
  | 'not-admin'
  /** It was in the group before: that takes the recovery words. */
  | 'senior'

export function mayRemove(state: GroupState, self: DeviceId, device: DeviceId): RemovalVerdict {
  const own = state.members.get(self)
  const other = state.members.get(device)
  if (own === undefined || other === undefined) return 'not-a-member'
  if (self === device) return 'allowed'
  if (own.role !== 'admin') return 'not-admin'
  return other.seniority < own.seniority ? 'senior' : 'allowed'
}

export type AdditionVerdict =
  | 'allowed'
  | 'is-member'
  /** Its key was removed once and never comes back: it needs a new identity. */
  | 'was-removed'
  | 'not-allowed'
  | 'full'

/** Whether `self` may add a device that then may do all that `self` may. */
export function mayAddDevice(state: GroupState, self: DeviceId, device: DeviceId): AdditionVerdict {
  if (state.members.has(device)) return 'is-member'
  if (state.removed.has(device)) return 'was-removed'
  const role = state.members.get(self)?.role
  if (role !== 'admin' && role !== 'member') return 'not-allowed'
  return state.members.size >= GROUP_DEVICES_MAX ? 'full' : 'allowed'
}

export type FolderVerdict = 'allowed' | 'not-allowed' | 'too-many-folders'

export function maySetFolder(state: GroupState, self: DeviceId, folder: FolderId): FolderVerdict {
  const role = state.members.get(self)?.role
  if (role !== 'admin' && role !== 'member') return 'not-allowed'
  return state.folders.size >= FOLDERS_MAX && !state.folders.has(folder) ? 'too-many-folders' : 'allowed'
}

/** What a device may do in its group: asked before an operation is made, so that a person is told instead of ignored. */

import type { Role } from '../../protocol/group.ts'
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

/** @param isLost Of a device that is out already, too: that it is in other hands may turn out later. */
export function mayRemove(state: GroupState, self: DeviceId, device: DeviceId, isLost = false): RemovalVerdict {
  const own = state.members.get(self)
  const other = state.members.get(device)
  if (own === undefined) return 'not-a-member'
  if (self === device) return 'allowed'
  if (other === undefined) {
    const isNews = isLost && state.removed.get(device)?.isLost === false
    return isNews && own.role === 'admin' ? 'allowed' : 'not-a-member'
  }
  if (own.role !== 'admin') return 'not-admin'
  return other.seniority < own.seniority ? 'senior' : 'allowed'
}

export type RoleVerdict =
  | RemovalVerdict
  /** Nobody would be left who may remove devices and change roles. */
  | 'last-admin'

/** Nobody makes itself more than it is; an admin may make itself a member, unless it is the last one. */
export function mayChangeRole(state: GroupState, self: DeviceId, device: DeviceId, role: Role): RoleVerdict {
  const verdict = mayRemove(state, self, device)
  if (verdict !== 'allowed') return verdict
  if (self !== device) return 'allowed'
  if (state.members.get(self)?.role !== 'admin') return 'not-admin'
  const admins = [...state.members.values()].filter((member) => member.role === 'admin')
  return role !== 'admin' && admins.length === 1 ? 'last-admin' : 'allowed'
}

export type AdditionVerdict =
  | 'allowed'
  | 'is-member'
  /** Its key was removed once and never comes back: it needs a new identity. */
  | 'was-removed'
  | 'not-allowed'
  | 'full'

/** Whether `self` may add a device, in the role that `roleToGive` says. */
export function mayAddDevice(state: GroupState, self: DeviceId, device: DeviceId): AdditionVerdict {
  if (state.members.has(device)) return 'is-member'
  if (state.removed.has(device)) return 'was-removed'
  const role = state.members.get(self)?.role
  if (role !== 'admin' && role !== 'member') return 'not-allowed'
  return state.members.size >= GROUP_DEVICES_MAX ? 'full' : 'allowed'
}

/** What a device becomes that `self` adds: never more than `self` is. */
export function roleToGive(state: GroupState, self: DeviceId, wanted: 'admin' | 'member'): 'admin' | 'member' {
  return state.members.get(self)?.role === 'admin' ? wanted : 'member'
}

export type FolderVerdict = 'allowed' | 'not-allowed' | 'too-many-folders'

export function maySetFolder(state: GroupState, self: DeviceId, folder: FolderId): FolderVerdict {
  const role = state.members.get(self)?.role
  if (role !== 'admin' && role !== 'member') return 'not-allowed'
  return state.folders.size >= FOLDERS_MAX && !state.folders.has(folder) ? 'too-many-folders' : 'allowed'
}

/** The devices of the group: who is there, and who leaves. */

import type { Device as DeviceView, DeviceList, RemovedDevice } from '../../protocol/api/devices.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import type { DeviceService } from '../http/service.ts'
import { ServiceError } from '../http/service.ts'
import type { RoleVerdict } from '../core/group-rights.ts'
import type { GroupState } from '../core/membership.ts'
import { deviceLimitsOf } from './limits.ts'
import type { ServiceParts } from './parts.ts'
import { deviceOf, knownFolders, nameOf, seatedOf } from './refs.ts'
import { warningsOf } from './warnings.ts'

/** How long those who are online are told of a departure, in milliseconds. */
const FAREWELL_MS = 5000

export function createDeviceService(parts: ServiceParts): DeviceService {
  return {
    devices: () => Promise.resolve(listDevices(parts)),
    device: (ref) => Promise.resolve(toDeviceView(parts, deviceOf(parts, ref))),
    renameDevice: async (ref, name) => {
      const device = deviceOf(parts, ref)
      if (device !== parts.transport.self) throw new ServiceError('is-other-device', 'A device is renamed on itself.')
      await parts.groupLog.rename(name)
      return toDeviceView(parts, device)
    },
    removeDevice: async (ref, { lost }) => {
      // That a device is in other hands may turn out when it is out already.
      const device = lost ? seatedOf(parts, ref) : deviceOf(parts, ref)
      if (device === parts.transport.self)
        throw new ServiceError('is-this-device', 'This device leaves by `holt leave`.')
      const view = toDeviceView(parts, device)
      const verdict = await parts.groupLog.remove(device, lost)
      if (verdict !== 'allowed') throw refusal(parts, view.name, verdict, 'remove')
      return view
    },
    setDeviceRole: async (ref, role) => {
      const device = deviceOf(parts, ref)
      const verdict = await parts.groupLog.setRole(device, role)
      if (verdict !== 'allowed') throw refusal(parts, nameOf(parts, device), verdict, 'role')
      return toDeviceView(parts, device)
    },
    leave: () => leave(parts),
  }
}

/** Why this device may not do that to another, and who may. */
function refusal(
  parts: ServiceParts,
  name: string,
  verdict: Exclude<RoleVerdict, 'allowed'>,
  act: 'remove' | 'role',
): ServiceError {
  const { state, self } = parts.groupLog
  const what = act === 'remove' ? `remove ${name}` : `change the role of ${name}`
  switch (verdict) {
    case 'senior': {
      const nextStep =
        act === 'remove'
          ? `Do it on a device that was in the group before ${name}, or with the recovery words: holt device remove ${name} --words`
          : `Do it on a device that was in the group before ${name}.`
      return new ServiceError(
        'senior-device',
        `${name} was in the group before this device, which therefore cannot ${what}.`,
        { nextStep },
      )
    }
    case 'not-admin': {
      const admins = [...state.members.values()].filter(({ role }) => role === 'admin').map((admin) => admin.name)
      const nextStep =
        admins.length === 0
          ? 'No admin is left; with the recovery words this device becomes one: holt recovery use'
          : `Do it on an admin device (${admins.join(', ')}), or become one with the recovery words: holt recovery use`
      const role = state.members.get(self)?.role ?? 'member'
      return new ServiceError('not-allowed', `Only an admin may ${what}; this device is a ${role}.`, { nextStep })
    }
    case 'last-admin':
      return new ServiceError('last-admin', 'This device is the only admin of its group.')
    case 'not-a-member':
      return parts.groupLog.standing === 'member'
        ? new ServiceError('not-allowed', `${name} is not in the group any more.`, {
            nextStep: 'Nothing needs to be done.',
          })
        : new ServiceError('not-allowed', 'This device is no longer in its group.', { nextStep: 'See: holt status' })
  }
}

/** Devices that were in the group, the one that went last first. */
export function toRemovedView({ removed, names, recovery }: GroupState): RemovedDevice[] {
  const views = [...removed].map(([id, { by, atMs, isLost }]): RemovedDevice => {
    const how = by === id ? 'self' : by === recovery ? 'words' : 'device'
    const byName = how === 'device' ? (names.get(by) ?? null) : null
    return { id, name: names.get(id) ?? id.slice(-7), atMs, how, byName, isLost }
  })
  return views.sort((a, b) => b.atMs - a.atMs || (a.id < b.id ? -1 : 1))
}

export function listDevices(parts: ServiceParts): DeviceList {
  const { groupId, name, members } = parts.groupLog.state
  const devices = [...members.keys()].map((device) => toDeviceView(parts, device))
  devices.sort((a, b) => Number(b.isSelf) - Number(a.isSelf) || (a.name < b.name ? -1 : 1))
  return { group: { id: groupId, name }, devices, removed: toRemovedView(parts.groupLog.state) }
}

function toDeviceView(parts: ServiceParts, device: DeviceId): DeviceView {
  const member = parts.groupLog.state.members.get(device)
  const isSelf = device === parts.transport.self
  const isOnline = isSelf || parts.sync.engine.sessions().get(device) !== undefined
  return {
    id: device,
    name: nameOf(parts, device),
    platform: isSelf ? parts.facts.platform : parts.notes.platform(device),
    role: member?.role ?? 'member',
    isSelf,
    isOnline,
    lastSeenMs: isOnline ? parts.deps.clock.wallMs() : parts.notes.lastSeenMs(device),
    address: isSelf || !isOnline ? null : (parts.transport.addressOf(device) ?? null),
    folders: knownFolders(parts)
      .filter((known) => holds(parts, known.id, device, isSelf))
      .map(({ id }) => id),
    trouble: troubleOf(parts, device),
    warnings: warningsOf(parts, device),
    limits: deviceLimitsOf(parts, device),
  }
}

/** Of a device that is not connected nothing is known but that. */
function troubleOf({ sync, transport, troubles }: ServiceParts, device: DeviceId): string | null {
  if (transport.addressOf(device) === undefined) return null
  return troubles.of(device, { hasSession: sync.engine.sessions().get(device) !== undefined })
}

function holds(
  parts: ServiceParts,
  folder: Parameters<typeof parts.sync.engine.get>[0],
  device: DeviceId,
  isSelf: boolean,
): boolean {
  const held = parts.sync.engine.get(folder)
  if (isSelf) return held !== undefined
  return (
    held?.remotes.has(device) === true ||
    parts.deps.catalogue.read((tx) => tx.peerPosition(folder, device)) !== undefined
  )
}

async function leave(parts: ServiceParts): ReturnType<DeviceService['leave']> {
  if ((await parts.groupLog.leave()) === 'alone')
    throw new ServiceError('already-alone', 'This device is the only one of its group.')
  const told = new AbortController()
  const farewell = parts.groupKeeper.tellEveryone({ signal: told.signal })
  await Promise.race([farewell, parts.deps.clock.sleep(FAREWELL_MS, { signal: told.signal })]).catch(() => undefined)
  told.abort(new Error('the farewell is over'))
  await farewell.catch(() => undefined)
  const kept = parts.sync.engine.held().map(({ settings }) => ({ name: settings.name, root: settings.path }))
  const { groupId, name } = parts.groupLog.state
  parts.stop('leave')
  return { group: { id: groupId, name }, kept }
}

/** The devices of the group: who is there, and who leaves. */

import type { Device as DeviceView, DeviceList } from '../../protocol/api/devices.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import type { DeviceService } from '../http/service.ts'
import { ServiceError } from '../http/service.ts'
import type { ServiceParts } from './parts.ts'
import { deviceOf, knownFolders, nameOf } from './refs.ts'

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
      const device = deviceOf(parts, ref)
      if (device === parts.transport.self)
        throw new ServiceError('is-this-device', 'This device leaves by `holt leave`.')
      const view = toDeviceView(parts, device)
      const verdict = await parts.groupLog.remove(device, lost)
      if (verdict === 'senior')
        throw new ServiceError('senior-device', `${view.name} was in the group before this device.`)
      if (verdict !== 'allowed')
        throw new ServiceError('not-allowed', `${view.name} cannot be removed from here: ${verdict}.`)
      return view
    },
    leave: () => leave(parts),
  }
}

export function listDevices(parts: ServiceParts): DeviceList {
  const { groupId, name, members } = parts.groupLog.state
  const devices = [...members.keys()].map((device) => toDeviceView(parts, device))
  devices.sort((a, b) => Number(b.isSelf) - Number(a.isSelf) || (a.name < b.name ? -1 : 1))
  return { group: { id: groupId, name }, devices }
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

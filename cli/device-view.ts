/** Devices, in words. */

import type { Device } from '../protocol/api/devices.ts'
import { formatAgo } from './amounts.ts'
import { toColumns } from './columns.ts'
import { shortAddress } from './places.ts'
import type { Text } from './text.ts'
import { styled, t } from './text.ts'

export function renderDevices(devices: readonly Device[], nowMs: number): Text[] {
  const rows = devices.map((device) => [
    t`${device.isOnline ? styled('green', '●') : styled('dim', '○')} ${styled('bold', device.name)}`,
    device.isSelf ? t`this device` : device.isOnline ? styled('green', 'online') : styled('dim', 'offline'),
    t`${device.platform ?? ''}`,
    detailOf(device, nowMs),
  ])
  return toColumns(rows, '  ')
}

function detailOf(device: Device, nowMs: number): Text {
  const { isSelf, isOnline, trouble, address, lastSeenMs, role } = device
  if (trouble !== null) return styled('yellow', trouble)
  if (isSelf) return styled('dim', role)
  if (isOnline) return styled('dim', address === null ? '' : shortAddress(address))
  return styled('dim', lastSeenMs === null ? 'not seen yet' : `last seen ${formatAgo(lastSeenMs, nowMs)}`)
}

/** Devices, in words. */

import type { Device, DeviceWarning, RemovedDevice } from '../protocol/api/devices.ts'
import { formatAgo, formatTime } from './amounts.ts'
import { toColumns } from './columns.ts'
import { limitPhrase } from './limit-view.ts'
import { shortAddress } from './places.ts'
import type { Text } from './text.ts'
import { styled, t } from './text.ts'

export function renderDevices(devices: readonly Device[], nowMs: number): Text[] {
  const rows = devices.map((device) => [
    t`${device.isOnline ? styled('green', '●') : styled('dim', '○')} ${styled('bold', device.name)}`,
    device.isSelf ? t`this device` : device.isOnline ? styled('green', 'online') : styled('dim', 'offline'),
    t`${device.platform ?? ''}`,
    styled('dim', device.role),
    ...(device.isSelf && device.trouble === null ? [] : [detailOf(device, nowMs)]),
    ...(device.limits === null ? [] : [limitPhrase(device.limits) ?? t``]),
  ])
  const lines = toColumns(rows, '  ')
  return devices.flatMap((device, i) => [lines[i] ?? t``, ...device.warnings.flatMap((each) => renderWarning(each))])
}

/** What is odd about a device, below its line. */
export function renderWarning({ detail, nextStep, sinceMs, endedMs }: DeviceWarning): Text[] {
  const mark = endedMs === null ? styled('yellow', '!') : styled('dim', '·')
  const span = endedMs === null ? `since ${formatTime(sinceMs)}` : `${formatTime(sinceMs)} to ${formatTime(endedMs)}`
  return [t`      ${mark} ${detail} (${span})`, ...(nextStep === null ? [] : [t`        → ${nextStep}`])]
}

export function renderRemoved(removed: readonly RemovedDevice[]): Text[] {
  const rows = removed.map(({ name, isLost, how, byName, atMs }) => [
    t`${styled('dim', '×')} ${name}`,
    isLost ? styled('red', 'lost') : styled('dim', how === 'self' ? 'left' : 'removed'),
    styled('dim', formatTime(atMs)),
    styled(
      'dim',
      how === 'words' ? 'with the recovery words' : how === 'self' ? 'by itself' : `by ${byName ?? 'another'}`,
    ),
  ])
  return rows.length === 0 ? [] : [t``, t`No longer in the group:`, ...toColumns(rows, '  ')]
}

function detailOf(device: Device, nowMs: number): Text {
  const { isOnline, trouble, address, lastSeenMs } = device
  if (trouble !== null) return styled('yellow', trouble)
  if (isOnline) return styled('dim', address === null ? '' : shortAddress(address))
  return styled('dim', lastSeenMs === null ? 'not seen yet' : `last seen ${formatAgo(lastSeenMs, nowMs)}`)
}

/** `holt devices` */

import type { Device } from '../../protocol/api/devices.ts'
import { formatTime } from '../amounts.ts'
import { toColumns } from '../columns.ts'
import type { CommandContext } from '../command.ts'
import { renderDevices, renderRemoved, renderWarning } from '../device-view.ts'
import type { Text } from '../text.ts'
import { styled, t } from '../text.ts'

export async function runDevices({ args, client, out, signal, world }: CommandContext): Promise<undefined> {
  const wanted = args.operand('DEVICE')
  if (wanted !== undefined) {
    const device = await client.call('getDevice', { params: { device: wanted } }, { signal })
    if (args.has('json')) out.json(device)
    else for (const line of renderDevice(device)) out.line(line)
    return
  }
  const list = await client.call('listDevices', {}, { signal })
  if (args.has('json')) out.json(list)
  else
    for (const line of [...renderDevices(list.devices, world.nowMs()), ...renderRemoved(list.removed)]) out.line(line)
}

function limitFacts({ limits }: Device): [string, string][] {
  if (limits === null) return []
  return [
    ['send limit', limits.send.rules.join('; ')],
    ['receive limit', limits.receive.rules.join('; ')],
  ]
}

function renderDevice(device: Device): Text[] {
  const { lastSeenMs, isSelf, isOnline } = device
  const seen = lastSeenMs === null ? 'never' : formatTime(lastSeenMs)
  const facts: [string, string][] = [
    ['name', device.name],
    ['id', device.id],
    ['platform', device.platform ?? 'unknown'],
    ['role', device.role],
    ['state', isSelf ? 'this device' : isOnline ? 'online' : `offline, last seen ${seen}`],
    ['address', device.address ?? 'none'],
    ['folders', String(device.folders.length)],
    ...limitFacts(device),
    ...(device.trouble === null ? [] : [['trouble', device.trouble] satisfies [string, string]]),
  ]
  const lines = toColumns(facts.map(([name, value]) => [styled('dim', name), t`${value}`]))
  return [...lines, ...device.warnings.flatMap((warning) => renderWarning(warning))]
}

/** The screen of `holt status`. */

import type { Attention, Status, Transfer } from '../protocol/api/daemon.ts'
import { formatDuration, formatRate, formatShare } from './amounts.ts'
import { toColumns } from './columns.ts'
import { renderDevices } from './device-view.ts'
import { renderFolders } from './folder-view.ts'
import { limitPhrase } from './limit-view.ts'
import { shortAddresses } from './places.ts'
import type { Text } from './text.ts'
import { joined, styled, t } from './text.ts'

/** More addresses than these are of interest to `--json` only. */
const ADDRESSES_SHOWN_MAX = 3

export interface StatusPlace {
  readonly nowMs: number
  readonly homeDirectory: string
}

export function renderStatus(status: Status, { nowMs, homeDirectory }: StatusPlace): Text[] {
  const { devices, folders } = status
  return [
    ...renderHead(status, nowMs),
    ...section('Devices', [
      ...renderDevices(devices, nowMs),
      ...(devices.length > 1 ? [] : [t`  No other device yet. On both devices, run: ${styled('bold', 'holt pair')}`]),
    ]),
    ...section(
      'Folders',
      folders.length > 0
        ? renderFolders(folders, { devices, homeDirectory })
        : [t`  No folder yet. Share one: ${styled('bold', 'holt add DIRECTORY')}`],
    ),
    ...section('Transfers', renderTransfers(status)),
    ...section('Needs attention', renderAttention(status)),
  ]
}

/** Whether a person has to decide something. */
export function needsAttention({ folders, attention }: Status): boolean {
  const isOpen = attention.some(({ kind }) => kind === 'halt' || kind === 'conflict' || kind === 'update')
  return isOpen || folders.some(({ state, conflicts }) => state.kind === 'halted' || conflicts > 0)
}

function renderHead({ daemon, group, pairing, limits }: Status, nowMs: number): Text[] {
  const limited = limitPhrase(limits.all)
  const since = `running for ${formatDuration(Math.max(0, nowMs - daemon.startedMs))}`
  const addresses = shortAddresses(daemon.addresses)
  const shown = addresses.slice(0, ADDRESSES_SHOWN_MAX).map((address) => t`${address}`)
  const more = addresses.length > ADDRESSES_SHOWN_MAX ? [t`${addresses.length - ADDRESSES_SHOWN_MAX} more`] : []
  const reached =
    addresses.length === 0 ? t`not reached by other devices` : t`reached at ${joined([...shown, ...more], ', ')}`
  const api = daemon.apiAddress === null ? [] : [t`API at ${daemon.apiAddress}`]
  return [
    t`${styled('bold', daemon.name)} in group ${styled('bold', group.name)} · Holt ${daemon.version}, ${daemon.state === 'running' ? since : daemon.state}`,
    styled('dim', joined([reached, ...api], ' · ')),
    ...(limited === undefined ? [] : [t`Limited: ${limited} → ${styled('bold', 'holt limit')}`]),
    ...(pairing?.state.kind === 'waiting' ? [t`A pairing code is shown; nobody has typed it yet.`] : []),
  ]
}

function section(title: string, lines: readonly Text[]): Text[] {
  return lines.length === 0 ? [] : [t``, styled('cyan', title), ...lines]
}

function renderTransfers({ transfers, folders, devices }: Status): Text[] {
  const rows = transfers.map((transfer) => {
    const { path, folder, direction, bytesDone, bytesTotal } = transfer
    return [
      t`${direction === 'down' ? '↓' : '↑'} ${path}`,
      styled('dim', folders.find(({ id }) => id === folder)?.name ?? ''),
      otherSide(transfer, devices),
      t`${formatShare(bytesDone, bytesTotal)}`,
      paceOf(transfer),
    ]
  })
  return toColumns(rows, '  ')
}

function otherSide({ direction, device }: Transfer, devices: Status['devices']): Text {
  const name = device === null ? 'several devices' : (devices.find(({ id }) => id === device)?.name ?? 'another device')
  return styled('dim', `${direction === 'down' ? 'from' : 'to'} ${name}`)
}

function paceOf({ rate, etaMs }: Transfer): Text {
  if (rate === 0) return t``
  return joined([t`${formatRate(rate)}`, ...(etaMs === null ? [] : [t`${formatDuration(etaMs)} left`])], ', ')
}

/** A halt stands with its folder already. */
function renderAttention({ attention, folders }: Status): Text[] {
  const halted = new Set(folders.filter(({ state }) => state.kind === 'halted').map(({ id }) => id))
  const isShown = ({ kind, folder }: Attention): boolean => kind === 'halt' && folder !== null && halted.has(folder)
  return attention
    .filter((each) => !isShown(each))
    .flatMap(({ detail, command }) => [
      t`  ${styled('yellow', '!')} ${detail}`,
      ...(command === null ? [] : [t`    → ${styled('bold', command)}`]),
    ])
}

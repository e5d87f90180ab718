/** What is odd about a device, in sentences, with what a person does about it. */

import type { DeviceWarning } from '../../protocol/api/devices.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import type { ServiceParts } from './parts.ts'
import { nameOf } from './refs.ts'
import type { Suspicion } from './suspicions.ts'

/** The newest first. */
export function warningsOf(parts: ServiceParts, device: DeviceId): DeviceWarning[] {
  const seen = parts.suspicions.of(device).map((suspicion) => toWarning(parts, suspicion))
  return [...forkInGroup(parts, device), ...seen].sort((a, b) => b.sinceMs - a.sinceMs)
}

/** Derived from the log, which every device has: it stays as long as the device's key is in the group. */
function forkInGroup(parts: ServiceParts, device: DeviceId): DeviceWarning[] {
  const op = parts.groupLog.forked.get(device)
  if (op === undefined) return []
  const name = nameOf(parts, device)
  return [
    {
      kind: 'forked-group',
      detail:
        'It signed two changes of the group that do not know of each other: it was copied or restored from a backup, or somebody else has its key.',
      nextStep: `If it was copied or restored: holt leave on it, and pair it anew. If not: holt device remove ${name} --lost`,
      sinceMs: op.hlc.ms,
      endedMs: null,
      folder: null,
    },
  ]
}

export function toWarning(parts: ServiceParts, suspicion: Suspicion): DeviceWarning {
  const { kind, folder, sinceMs, endedMs } = suspicion
  const said = sentencesOf(parts, suspicion)
  return { kind, folder, sinceMs, endedMs, ...said, nextStep: endedMs === null ? said.nextStep : null }
}

type Said = Pick<DeviceWarning, 'detail' | 'nextStep'>

function sentencesOf(parts: ServiceParts, { device, kind, folder, endedMs, aheadMs }: Suspicion): Said {
  const name = nameOf(parts, device)
  const isOver = endedMs !== null
  const of = folder === null ? 'of the group' : `of "${folderName(parts, folder)}"`
  switch (kind) {
    case 'forked':
      return {
        detail: `It signed two different manifests ${of} under one number: it was restored from a backup or copied, or somebody else has its key. ${isOver ? 'It has begun a new one since.' : 'Nothing more of that folder is taken from it until it begins a new one.'}`,
        nextStep: `If it was restored from a backup, it puts that right by itself once it is connected. If it was not: holt device remove ${name} --lost`,
      }
    case 'rolled-back':
      return {
        detail: `It showed an older state ${of} than it had shown before: it was restored from a backup. ${isOver ? 'It has caught up since.' : 'What it says of that is passed over until it has caught up.'}`,
        nextStep: `It catches up by itself while it is connected. If it was not restored: holt device remove ${name} --lost`,
      }
    case 'clock':
      return {
        detail: isOver
          ? 'Its clock was wrong, or this one was; they agree now.'
          : `Its clock is ${formatSpan(aheadMs ?? 0)} this one.`,
        nextStep: 'Set the clock of whichever is wrong: files and conflict copies are dated by it.',
      }
  }
}

function folderName({ groupLog, sync }: ServiceParts, folder: NonNullable<Suspicion['folder']>): string {
  return sync.engine.get(folder)?.settings.name ?? groupLog.state.folders.get(folder)?.name ?? folder
}

/** `3 hours ahead of`, `20 minutes behind`. */
function formatSpan(aheadMs: number): string {
  const units = [
    ['year', 365.25 * 86_400_000],
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
  ] as const
  const spanMs = Math.abs(aheadMs)
  const [unit, unitMs] = units.find(([, ms]) => spanMs >= ms) ?? ['minute', 60_000]
  const count = Math.round(spanMs / unitMs)
  return `${count} ${unit}${count === 1 ? '' : 's'} ${aheadMs > 0 ? 'ahead of' : 'behind'}`
}

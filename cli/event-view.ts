/** Events, in words. */

import type { Event } from '../protocol/api/events.ts'
import type { Progress } from '../protocol/api/folders.ts'
import { countOf, formatAmount, formatBytes, formatDuration, formatRate, formatShare, formatTime } from './amounts.ts'
import type { Text } from './text.ts'
import { styled, t } from './text.ts'

/** What ids are called: folders and devices, as far as they are known. */
export type Names = ReadonlyMap<string, string>

export function renderEvent(event: Event, names: Names): Text {
  return t`${styled('dim', formatTime(event.atMs))} ${styled('bold', event.kind)} ${sentenceOf(event, names)}`
}

type Of<K extends string> = Event extends infer E ? (E extends { kind: `${K}.${string}` } ? E : never) : never

function sentenceOf(event: Event, names: Names): Text {
  if (isOf(event, 'scan')) return t`${nameOf(event.folder, names)}${scanPhrase(event)}`
  if (isOf(event, 'transfer')) return transferSentence(event, names)
  if (isOf(event, 'sync')) return t`${nameOf(event.folder, names)}${syncPhrase(event)}`
  if (isOf(event, 'path')) return pathSentence(event, names)
  if (isOf(event, 'folder')) return folderSentence(event, names)
  if (isOf(event, 'device')) return deviceSentence(event, names)
  return otherSentence(event)
}

/** Kinds are told apart by what stands before their dot. */
function isOf<K extends string>(event: Event, room: K): event is Of<K> & Event {
  return event.kind.startsWith(`${room}.`)
}

function nameOf(id: string | null, names: Names, unknown = 'another device'): string {
  return id === null ? unknown : (names.get(id) ?? id.slice(-7))
}

function scanPhrase(event: Of<'scan'>): Text {
  switch (event.kind) {
    case 'scan.start':
      return event.isFull ? t`: looks through everything` : t`: looks at what changed`
    case 'scan.progress':
      return t`: ${formatAmount(event)} looked at`
    case 'scan.done':
      return t`: ${formatAmount(event)} looked at in ${formatDuration(event.tookMs)}, ${event.changed} changed`
    default:
      return event satisfies never
  }
}

function transferSentence(event: Of<'transfer'>, names: Names): Text {
  const where = t`${nameOf(event.folder, names)} ${event.direction === 'down' ? '↓' : '↑'}`
  switch (event.kind) {
    case 'transfer.batch-start':
    case 'transfer.batch-done':
      return t`${where} ${totalPhrase(event.total)}`
    case 'transfer.file-start':
    case 'transfer.file-done':
      return t`${where} ${event.path} (${formatBytes(event.bytesTotal)})`
    case 'transfer.file-progress':
      return t`${where} ${event.path} ${formatShare(event.bytesDone, event.bytesTotal)}, ${formatRate(event.rate)}`
    case 'transfer.file-error':
      return t`${where} ${event.path}: ${event.reason}${event.isRetried ? '; it is tried again' : ''}`
    default:
      return event satisfies never
  }
}

function totalPhrase({ filesDone, filesTotal, bytesDone, bytesTotal }: Progress): string {
  return `${filesDone} of ${countOf(filesTotal, 'file')}, ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}`
}

function syncPhrase(event: Of<'sync'>): Text {
  if (event.kind === 'sync.start') return t``
  const { uploads, downloads, deletesSource, deletesDestination, renamesSource, renamesDestination } = event.result
  const { conflicts, errors } = event.result
  const counts: [number, string][] = [
    [downloads, 'fetched'],
    [uploads, 'sent'],
    [deletesSource + deletesDestination, 'deleted'],
    [renamesSource + renamesDestination, 'renamed'],
    [conflicts, 'in conflict'],
    [errors, 'failed'],
  ]
  const done = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`)
  return t`: ${event.isInSync ? 'in sync' : 'not in sync yet'}${done.length === 0 ? '' : `, ${done.join(', ')}`}`
}

function pathSentence(event: Of<'path'>, names: Names): Text {
  const path = t`${nameOf(event.folder, names)}: ${event.path}`
  switch (event.kind) {
    case 'path.changed': {
      const from = event.from === null ? '' : ` from ${event.from}`
      const by = event.origin === 'here' ? 'here' : `by ${nameOf(event.device, names)}`
      return t`${path} ${event.action.replace('-', ' ')}${from} ${by} ${styled('dim', event.reason.sentence)}`
    }
    case 'path.problem':
      return t`${path} is ${event.state}: ${event.reason}`
    case 'path.problem-gone':
      return t`${path} is fine again`
    default:
      return event satisfies never
  }
}

function folderSentence(event: Of<'folder'>, names: Names): Text {
  switch (event.kind) {
    case 'folder.offered':
      return t`${event.name} by ${nameOf(event.by, names)}`
    case 'folder.withdrawn':
    case 'folder.removed':
      return t`${event.name}`
    case 'folder.added':
    case 'folder.moved':
      return t`${event.name} at ${event.root}`
    case 'folder.state':
      return t`${event.name} is ${event.state.kind.replace('-', ' ')}`
    case 'folder.halted':
      return t`${event.name}: ${event.halt.detail}`
    case 'folder.decided':
      return t`${event.name} was ${event.isApproved ? 'approved' : 'rejected'} on ${nameOf(event.by, names)}`
    default:
      return event satisfies never
  }
}

function deviceSentence(event: Of<'device'>, names: Names): Text {
  switch (event.kind) {
    case 'device.online':
    case 'device.offline':
    case 'device.renamed':
      return t`${event.name}`
    case 'device.added':
      return event.by === null ? t`${event.name}` : t`${event.name} by ${nameOf(event.by, names)}`
    case 'device.removed': {
      const as = event.isLost ? ' as lost' : ''
      return event.by === null ? t`${event.name}${as}` : t`${event.name}${as} by ${nameOf(event.by, names)}`
    }
    case 'device.role':
      return t`${event.name} is a ${event.role} now`
    case 'device.warning':
      return t`${event.name}: ${event.warning.detail}`
    case 'device.trouble':
      return t`${event.name}: ${event.detail}`
    default:
      return event satisfies never
  }
}

function otherSentence(event: Of<'group' | 'pairing' | 'daemon' | 'events'>): Text {
  switch (event.kind) {
    case 'group.changed':
      return t`${event.name}, ${countOf(event.devices, 'device')}`
    case 'pairing.changed':
      return t`${event.pairing.state.kind}`
    case 'daemon.started':
      return event.wasClean ? t`version ${event.version}` : t`version ${event.version}, after an end that was not clean`
    case 'daemon.resumed':
      return t`after ${formatDuration(event.sleptMs)} of sleep`
    case 'daemon.stopping':
      return t``
    case 'events.lost':
      return t`events before this are no longer kept`
    default:
      return event satisfies never
  }
}

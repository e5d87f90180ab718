/** What the engine, the pulls and the group tell, as events of the API. */

import type { NewEvent } from '../../protocol/api/events.ts'
import type { Folder as FolderView } from '../../protocol/api/folders.ts'
import type { DeviceId, FolderId } from '../../protocol/ids.ts'
import type { GroupState } from '../core/membership.ts'
import type { AbortOptions } from '../ports.ts'
import type { EngineEvent } from '../sync/engine-options.ts'
import { createLatch } from '../sync/latch.ts'
import type { TransferEvent } from '../sync/pull-progress.ts'
import { toFolderView } from './folder-view.ts'
import type { ServiceParts } from './parts.ts'
import { publishLook } from './scan.ts'
import { knownFolders, nameOf } from './refs.ts'
import { publishDamage } from './verify.ts'
import type { UploadEvent } from './uploads.ts'

/** How often one folder's state is told at most, in milliseconds: it is summed up each time. */
const STATE_EVERY_MS = 100

export interface EventFeed {
  /** Tells how folders stand, until the signal aborts. */
  run(o: AbortOptions): Promise<void>
  onEngine(event: EngineEvent): void
  onTransfer(event: TransferEvent): void
  onUpload(event: UploadEvent): void
  onGroup(after: GroupState, before: GroupState): void
}

/** @param parts are complete only after the engine is built, so they are asked for late. */
export function createEventFeed(parts: () => ServiceParts): EventFeed {
  let wasOut = false
  const stateKinds = new Map<FolderId, string>()
  const changed = new Set<FolderId>()
  const toTell = createLatch()
  const folderChanged = (id: FolderId): void => {
    changed.add(id)
    toTell.raise()
  }
  const tellState = (id: FolderId): void => {
    const known = knownFolders(parts()).find((each) => each.id === id)
    if (known === undefined) return
    const view = toFolderView(parts(), known)
    note(parts(), view)
    const kind = JSON.stringify([view.state.kind, 'missing' in view.state ? view.state.missing.files : 0])
    if (stateKinds.get(id) === kind) return
    stateKinds.set(id, kind)
    parts().events.publish({ kind: 'folder.state', folder: id, name: view.name, state: view.state })
    if (view.state.kind === 'halted') {
      parts().events.publish({ kind: 'folder.halted', folder: id, name: view.name, halt: view.state.halt })
    }
  }
  return {
    run: async (o) => {
      for (;;) {
        await toTell.wait(o)
        const ids = [...changed]
        changed.clear()
        for (const id of ids) tellState(id)
        await parts().deps.clock.sleep(STATE_EVERY_MS, o)
      }
    },
    onEngine: (event) => {
      switch (event.kind) {
        case 'session':
          deviceSeen(parts(), event.device, event.isOpen)
          for (const { settings } of parts().sync.engine.held()) folderChanged(settings.id)
          return
        case 'session-failed':
          parts().troubles.sessionFailed(event.device, event.cause)
          return
        case 'session-settled':
          parts().troubles.sessionLasts(event.device)
          return
        case 'peer-head':
          headSeen(parts(), event)
          return
        case 'release':
          parts().notes.saidRelease(event.device, event.release)
          return
        case 'scrubbed':
          publishDamage(parts(), event.folder, event.damage)
          if (event.damage.length > 0) folderChanged(event.folder)
          return
        default:
          if (event.kind === 'looking' || event.kind === 'observed') publishLook(parts(), event.folder, event)
          if (event.kind !== 'looking') folderChanged(event.folder)
      }
    },
    onTransfer: (event) => publishTransfer(parts(), event, 'down', null),
    onUpload: (event) => publishTransfer(parts(), event, 'up', 'device' in event ? event.device : null),
    onGroup: (after, before) => {
      groupChanged(parts(), after, before)
      wasOut = selfRemoved(parts(), wasOut)
    },
  }
}

/** What is to be known later of how a folder stands now. What has only begun says nothing of a halt that was there before. */
function note({ notes }: ServiceParts, { id, state, peers }: FolderView): void {
  const { kind } = state
  if (kind === 'halted') notes.halted(id, state.halt.reason)
  else if (kind !== 'starting' && kind !== 'scanning' && kind !== 'recovering') notes.goesOn(id)
  notes.setInSync(id, kind === 'in-sync' && peers.some(({ isOnline, isInSync }) => isOnline && isInSync))
}

function headSeen({ suspicions }: ServiceParts, event: Extract<EngineEvent, { kind: 'peer-head' }>): void {
  const { device, folder, finding } = event
  if (finding !== 'in-order') {
    suspicions.noticed(device, finding, folder)
    return
  }
  suspicions.over(device, 'forked', folder)
  suspicions.over(device, 'rolled-back', folder)
}

function deviceSeen(parts: ServiceParts, device: DeviceId, isOnline: boolean): void {
  const { events, notes, transport } = parts
  const name = nameOf(parts, device)
  notes.sawDevice(device)
  if (isOnline) events.publish({ kind: 'device.online', device, name, address: transport.addressOf(device) ?? null })
  else events.publish({ kind: 'device.offline', device, name })
}

function publishTransfer(
  { deps, events }: ServiceParts,
  event: TransferEvent | UploadEvent,
  direction: 'down' | 'up',
  device: DeviceId | null,
): void {
  const { folder, total } = event
  const base = { folder, direction, total } as const
  if (event.kind === 'batch-start') {
    events.publish({ kind: 'transfer.batch-start', ...base })
    return
  }
  if (event.kind === 'batch-done') {
    events.publish({ kind: 'transfer.batch-done', ...base, failed: event.failed })
    return
  }
  events.publish(() => fileEvent(deps, event, { ...base, device }))
}

/** The path is looked up only for whoever reads it: most events of thousands of small files are read by nobody. */
function fileEvent(
  { catalogue }: ServiceParts['deps'],
  event: Exclude<TransferEvent | UploadEvent, { kind: 'batch-start' | 'batch-done' }>,
  base: { folder: FolderId; direction: 'down' | 'up'; total: TransferEvent['total']; device: DeviceId | null },
): NewEvent {
  const { hash, bytesDone, bytesTotal, rate, etaMs } = event.file
  const path = catalogue.read((tx) => tx.pathOf(base.folder, hash)) ?? hash
  const file = { ...base, path, hash, bytesDone, bytesTotal }
  switch (event.kind) {
    case 'file-start':
      return { kind: 'transfer.file-start', ...file }
    case 'file-progress':
      return { kind: 'transfer.file-progress', ...file, rate, etaMs }
    case 'file-done':
      return { kind: 'transfer.file-done', ...file }
    case 'file-error':
      return { kind: 'transfer.file-error', ...file, reason: event.reason, isRetried: event.isRetried }
  }
}

function groupChanged({ events }: ServiceParts, after: GroupState, before: GroupState): void {
  for (const [device, { name, addedBy, role }] of after.members) {
    const known = before.members.get(device)
    if (known === undefined) events.publish({ kind: 'device.added', device, name, by: addedBy })
    else if (known.name !== name) events.publish({ kind: 'device.renamed', device, name })
    if (known !== undefined && known.role !== role) events.publish({ kind: 'device.role', device, name, role })
  }
  for (const [device, { by, isLost }] of after.removed) {
    const known = before.members.get(device)
    if (known !== undefined) events.publish({ kind: 'device.removed', device, name: known.name, by, isLost })
  }
  for (const [folder, { name, isWithdrawn }] of after.folders) {
    const known = before.folders.get(folder)
    if (isWithdrawn && known?.isWithdrawn === false) events.publish({ kind: 'folder.withdrawn', folder, name })
    if (!isWithdrawn && known === undefined) events.publish({ kind: 'folder.offered', folder, name, by: null })
  }
  if (after.groupId !== before.groupId) {
    events.publish({ kind: 'group.changed', group: after.groupId, name: after.name, devices: after.members.size })
  }
}

/** Of its own removal a device learns by what another shows it: its log has it not. @returns whether it is out. */
function selfRemoved({ events, groupLog }: ServiceParts, wasOut: boolean): boolean {
  const { removal, self, state } = groupLog
  if (removal === undefined || wasOut || state.removed.has(self)) return removal !== undefined
  const { by, isLost } = removal
  events.publish({ kind: 'device.removed', device: self, name: state.names.get(self) ?? '', by, isLost })
  return true
}

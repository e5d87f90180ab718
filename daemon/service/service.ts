/** The service behind the HTTP API: what the engine can do, in the API's words. */

import type { Status, Transfer } from '../../protocol/api/daemon.ts'
import type { BlobHash } from '../../protocol/ids.ts'
import type { DaemonService, HoltService } from '../http/service.ts'
import { listDevices, createDeviceService } from './devices.ts'
import { attentionOf } from './attention.ts'
import { createFolderService } from './folders.ts'
import { toFolderView } from './folder-view.ts'
import { createPairService } from './pairs.ts'
import type { Pairings } from './pairings.ts'
import { createPairings } from './pairings.ts'
import { peerChecks } from './peer-checks.ts'
import type { ServiceParts } from './parts.ts'
import { createLimitService, limitsOf } from './limits.ts'
import { createVerifyService } from './verify.ts'
import { createRecoveryService } from './recovery.ts'
import { deviceOf, knownFolders, nameOf } from './refs.ts'
import { createVersionService } from './versions.ts'

/** Transfers that a status shows. */
const TRANSFERS_MAX = 20

export function createService(parts: ServiceParts): HoltService {
  const pairings = createPairings(parts)
  return {
    ...createDaemonService(parts, pairings),
    ...createDeviceService(parts),
    ...createLimitService(parts),
    ...createRecoveryService(parts),
    ...createFolderService(parts),
    ...createVerifyService(parts),
    ...createVersionService(parts),
    ...pairings,
    ...createPairService(parts),
    events: parts.events,
  }
}

function createDaemonService(parts: ServiceParts, pairings: Pairings): DaemonService {
  const { machine, facts, transport } = parts
  return {
    daemon: () =>
      Promise.resolve({
        ...facts,
        device: transport.self,
        name: nameOf(parts, transport.self),
        state: 'running',
        addresses: [...transport.addresses()],
      }),
    status: () => Promise.resolve(statusOf(parts, pairings)),
    config: () => machine.config(),
    doctor: async (device, o) => {
      const checks = await machine.checks(o)
      const devices = device === undefined ? [] : [deviceOf(parts, device)]
      const peers = listDevices(parts).devices.filter(
        ({ id, isSelf }) => !isSelf && (devices.length === 0 || devices.includes(id)),
      )
      return {
        checks: [...checks, ...(await peerChecks({ transport: parts.transport, clock: parts.deps.clock }, peers, o))],
      }
    },
    logs: async (limit) => ({ directory: machine.logDirectory, records: await machine.logTail(limit) }),
    followLogs: (limit, o) => followLogs(parts, limit, o.signal),
    supportBundle: (o) => machine.bundle(o),
    shutDown: () => {
      parts.events.publish({ kind: 'daemon.stopping' })
      parts.stop('stop')
      return Promise.resolve()
    },
  }
}

async function* followLogs(
  { machine }: ServiceParts,
  limit: number,
  signal: AbortSignal,
): ReturnType<DaemonService['followLogs']> {
  for (const record of await machine.logTail(limit)) yield record
  yield* machine.followLog({ signal })
}

function statusOf(parts: ServiceParts, pairings: Pairings): Omit<Status, 'daemon' | 'eventId'> {
  const folders = knownFolders(parts).map((known) => toFolderView(parts, known))
  const { group, devices } = listDevices(parts)
  return {
    group,
    devices,
    folders,
    transfers: transfersOf(parts),
    attention: attentionOf(parts, folders),
    limits: limitsOf(parts),
    pairing: pairings.current(),
  }
}

/** The largest first, in both directions. */
function transfersOf(parts: ServiceParts): Transfer[] {
  const all = [...downloads(parts), ...uploads(parts)]
  all.sort((a, b) => b.bytesTotal - a.bytesTotal)
  return all.slice(0, TRANSFERS_MAX).map(({ hash, ...transfer }) => {
    const path = parts.deps.catalogue.read((tx) => tx.pathOf(transfer.folder, hash))
    return { ...transfer, path: path ?? hash }
  })
}

type Moving = Omit<Transfer, 'path'> & { readonly hash: BlobHash }

function downloads({ sync }: ServiceParts): Moving[] {
  const active = [...sync.pulls.wanted()].filter(({ state }) => state === 'active')
  return active.map(({ folder, hash, holders: [device, another], bytesDone, bytesTotal, rate, etaMs }) => ({
    ...{ folder, hash, direction: 'down', device: another === undefined ? (device ?? null) : null },
    ...{ bytesDone, bytesTotal, rate, etaMs },
  }))
}

function uploads(parts: ServiceParts): Moving[] {
  return parts.uploads.active().map(({ folder, device, file }) => ({ folder, device, direction: 'up', ...file }))
}

/** A whole daemon in a simulated world: the production `sync/`, `core/` and `protocol/` over simulated ports. */

import Database from 'better-sqlite3'
import { openCatalogue } from '../../daemon/catalogue/catalogue.ts'
import type { SqliteCatalogue } from '../../daemon/catalogue/catalogue.ts'
import { migrate } from '../../daemon/catalogue/schema.ts'
import type { Catalogue, TransactOptions } from '../../daemon/catalogue-port.ts'
import type { PeerTransport } from '../../daemon/ports.ts'
import type { DeviceSync } from '../../daemon/sync/device-sync.ts'
import { Errno } from './errno.ts'
import type { ConflictPolicy } from '../../protocol/folder-options.ts'
import type { FolderMode } from '../../protocol/group.ts'
import { KEEP_BOTH } from '../../protocol/folder-options.ts'
import { folderSettings } from '../../daemon/sync/settings.ts'
import { presentOf } from '../../daemon/core/local.ts'
import type { RelPath } from '../../protocol/path.ts'
import { createDeviceSync } from '../../daemon/sync/device-sync.ts'
import { DEFAULT_PACE } from '../../daemon/sync/folder-loops.ts'
import type { DeviceId, FolderId } from '../../protocol/ids.ts'
import type { SimDevice, SimPorts } from './world.ts'

export interface SimDaemon {
  readonly device: SimDevice
  readonly catalogue: Catalogue
  readonly sync: DeviceSync
  readonly transport: PeerTransport
  /** Bytes of blobs that it has sent. */
  sentBytes: number
  /** Set when the engine stopped by itself. */
  failure: unknown
  /** Lets go of what the daemon holds, once its world is over. */
  readonly end: () => void
}

/** The catalogue of a device across its lives: in memory, and as it was when it was last durable. */
export class SimCatalogue {
  /** Called when a transaction is over. */
  onTransact: (o: TransactOptions) => void = () => undefined
  #db: SqliteCatalogue | undefined
  #durable: Buffer | undefined
  #backup: Buffer | undefined

  open(ports: SimPorts): Catalogue {
    const db = this.#db ?? this.#reopen(ports)
    this.#db = db
    return {
      ...db,
      transact: (o, body) => {
        const result = db.transact(o, body)
        if (o.isDurable) this.#durable = db.serialize()
        this.onTransact(o)
        return result
      },
    }
  }

  /** What a life left that was cut off is looked through, as the daemon does. */
  #reopen({ signer, crypto }: SimPorts): SqliteCatalogue {
    const file = this.#durable ?? template
    return openCatalogue({ file, self: signer.device, crypto, mustCheck: this.#durable !== undefined })
  }

  /** Whether it knows that there is a file, also while no daemon runs; not after it was lost. */
  knowsFile(folder: FolderId, path: RelPath): boolean {
    const row = this.#db?.read((tx) => tx.own(folder, path))
    return presentOf(row)?.content.kind === 'file'
  }

  /** A power cut takes what was not durable. */
  cutPower(): void {
    this.#db?.[Symbol.dispose]()
    this.#db = undefined
  }

  lose(): void {
    this.cutPower()
    this.#durable = undefined
    this.#backup = undefined
  }

  /** Keeps a copy of what is durable, as a person does who makes backups. */
  backUp(): void {
    this.#backup = this.#durable
  }

  /** Puts the last copy back. @returns whether there was one */
  restore(): boolean {
    if (this.#backup === undefined) return false
    this.cutPower()
    this.#durable = this.#backup
    return true
  }
}

/** An empty catalogue, so that not every device has to make its tables. */
const template = emptyCatalogue()

function emptyCatalogue(): Buffer {
  const db = new Database(':memory:')
  migrate(db)
  const bytes = db.serialize()
  db.close()
  return bytes
}

export const ROOT = '/photos'
/** A full scan now and then finds what the simulated watcher lost. */
const PACE = { ...DEFAULT_PACE, rescanMs: 120_000 }

function compacting(supersededMin: number): typeof PACE {
  return { ...PACE, compact: { supersededMin, pauseMs: 20 } }
}

export interface SimGroup {
  readonly folder: FolderId
  members(): readonly DeviceId[]
  /** How conflicts are settled; left out: both are kept. */
  conflictPolicy?(): ConflictPolicy
  /** What the device does with the folder; left out: send-receive. */
  readonly mode?: FolderMode
  /** Superseded entries from which a log is compacted; left out: as in the daemon. */
  readonly supersededMin?: number
  /** Whether a member has done what only a newer Holt understands. */
  isOutdated?(): boolean
}

/** How a life begins: with the folder as it was held before, or added or accepted in it. */
export type Beginning = 'again' | 'added' | 'accepted'

/** Begins a life of a device with a daemon in it. */
export function startDaemon(
  device: SimDevice,
  catalogues: SimCatalogue,
  group: SimGroup,
  beginning: Beginning,
): SimDaemon {
  return device.start((ports) => {
    const catalogue = catalogues.open(ports)
    const ending = new AbortController()
    const sent = (bytes: number): void => {
      daemon.sentBytes += bytes
    }
    const daemon: SimDaemon = {
      device,
      catalogue,
      sync: createSync(ports, catalogue, group, sent),
      transport: ports.transport,
      sentBytes: 0,
      failure: undefined,
      end: () => ending.abort(new Error('the simulation is over')),
    }
    const fail = (cause: unknown): void => {
      if (ending.signal.aborted) return
      // A daemon that cannot read its settings ends with a sentence; somebody starts it again.
      const isStarting = daemon.sync.engine.folder(group.folder) === undefined
      if (isStarting && cause instanceof Errno) device.kill({ power: false })
      else daemon.failure ??= cause
    }
    ports.transport.admit(new Set(group.members().filter((id) => id !== device.id)))
    const settings = folderSettings({
      id: group.folder,
      name: 'Photos',
      path: ROOT,
      ...(group.mode !== undefined && { mode: group.mode }),
    })
    if (beginning !== 'again') daemon.sync.engine.hold(settings, { isNew: beginning === 'accepted' }).catch(fail)
    daemon.sync.run({ signal: ending.signal }).catch(fail)
    return daemon
  })
}

function createSync(
  ports: SimPorts,
  catalogue: Catalogue,
  group: SimGroup,
  onSent: (bytes: number) => void,
): DeviceSync {
  const { self } = ports.transport
  const members = (): readonly DeviceId[] => group.members()
  return createDeviceSync({
    deps: { ...ports, catalogue },
    transport: ports.transport,
    membership: {
      isMember: (id) => members().includes(id),
      wasMember: (id) => members().includes(id),
      others: () => members().filter((id) => id !== self),
      isOutdated: () => group.isOutdated?.() === true,
      conflictPolicy: () => group.conflictPolicy?.() ?? KEEP_BOTH,
    },
    pace: group.supersededMin === undefined ? PACE : compacting(group.supersededMin),
    retention: { days: 30, volumeShare: 0.1, perPath: null, bytes: null },
    release: 'simulated',
    openRoot: ({ path, id }) => Promise.resolve({ tree: ports.openTree(path, id), incoming: ports.openStore(path) }),
    onEvent: () => undefined,
    onTransfer: () => undefined,
    onPullFault: () => undefined,
    onSent: (_, { bytes }) => onSent(bytes),
  })
}

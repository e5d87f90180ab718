/** A whole daemon in a simulated world: the production `sync/`, `core/` and `protocol/` over simulated ports. */

import { openCatalogue } from '../../daemon/catalogue/catalogue.ts'
import type { SqliteCatalogue } from '../../daemon/catalogue/catalogue.ts'
import type { Catalogue } from '../../daemon/catalogue-port.ts'
import type { DeviceSync } from '../../daemon/sync/device-sync.ts'
import { createDeviceSync } from '../../daemon/sync/device-sync.ts'
import { DEFAULT_PACE } from '../../daemon/sync/folder-loops.ts'
import type { DeviceId, FolderId } from '../../protocol/ids.ts'
import type { SimDevice, SimPorts } from './world.ts'

export interface SimDaemon {
  readonly device: SimDevice
  readonly catalogue: Catalogue
  readonly sync: DeviceSync
  /** Set when the engine stopped by itself. */
  failure: unknown
}

/** The catalogue of a device across its lives: in memory, and as it was when it was last durable. */
export class SimCatalogue {
  #db: SqliteCatalogue | undefined
  #durable: Buffer | undefined

  open(ports: SimPorts): Catalogue {
    const db =
      this.#db ?? openCatalogue({ file: this.#durable ?? ':memory:', self: ports.signer.device, crypto: ports.crypto })
    this.#db = db
    return {
      ...db,
      transact: (o, body) => {
        const result = db.transact(o, body)
        if (o.isDurable) this.#durable = db.serialize()
        return result
      },
    }
  }

  /** A power cut takes what was not durable. */
  cutPower(): void {
    this.#db?.[Symbol.dispose]()
    this.#db = undefined
  }

  lose(): void {
    this.cutPower()
    this.#durable = undefined
  }
}

export const ROOT = '/photos'
/** A full scan now and then finds what the simulated watcher lost. */
const PACE = { ...DEFAULT_PACE, rescanMs: 120_000 }

export function startDaemon(
  device: SimDevice,
  catalogues: SimCatalogue,
  folder: FolderId,
  members: () => readonly DeviceId[],
): SimDaemon {
  return device.start((ports) => {
    const catalogue = catalogues.open(ports)
    const daemon: SimDaemon = { device, catalogue, sync: createSync(ports, catalogue, members), failure: undefined }
    const fail = (cause: unknown): void => {
      daemon.failure ??= cause
    }
    const others = members().filter((id) => id !== device.id)
    ports.transport.admit(new Set(others))
    const settings = { id: folder, name: 'Photos', path: ROOT, isPaused: false }
    daemon.sync.engine.hold(settings, { isNew: false }).catch(fail)
    daemon.sync.run({ signal: new AbortController().signal }).catch(fail)
    return daemon
  })
}

function createSync(ports: SimPorts, catalogue: Catalogue, members: () => readonly DeviceId[]): DeviceSync {
  const { self } = ports.transport
  return createDeviceSync({
    deps: { ...ports, catalogue },
    transport: ports.transport,
    membership: {
      isMember: (id) => members().includes(id),
      others: () => members().filter((id) => id !== self),
    },
    pace: PACE,
    retention: { days: 30, volumeShare: 0.1 },
    release: 'simulated',
    openRoot: ({ path, id }) => Promise.resolve({ tree: ports.openTree(path, id), incoming: ports.openStore(path) }),
    onEvent: () => undefined,
    onTransfer: () => undefined,
    onPullFault: () => undefined,
    onSent: () => undefined,
  })
}

/** A whole daemon in a simulated world: the production `sync/`, `core/` and `protocol/` over simulated ports. */

import { openCatalogue } from '../../daemon/catalogue/catalogue.ts'
import type { SqliteCatalogue } from '../../daemon/catalogue/catalogue.ts'
import type { Catalogue } from '../../daemon/catalogue-port.ts'
import type { Engine } from '../../daemon/sync/engine.ts'
import { createEngine } from '../../daemon/sync/engine.ts'
import type { Deps } from '../../daemon/sync/folder.ts'
import { DEFAULT_PACE } from '../../daemon/sync/folder-loops.ts'
import type { DeviceId, FolderId } from '../../protocol/ids.ts'
import type { SimDevice, SimPorts } from './world.ts'

export interface SimDaemon {
  readonly device: SimDevice
  engine: Engine
  catalogue: SqliteCatalogue
  /** Set when the engine stopped by itself. */
  failure: unknown
}

/** The catalogue of a device across its lives: in memory, and as it was when it was last durable. */
export class SimCatalogue {
  #db: SqliteCatalogue | undefined
  #durable: Buffer | undefined

  open(ports: SimPorts): SqliteCatalogue {
    const db = this.#db ?? openCatalogue({ file: this.#durable ?? ':memory:', self: ports.signer.device, crypto: ports.crypto })
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

export function startDaemon(
  device: SimDevice,
  catalogues: SimCatalogue,
  folder: FolderId,
  members: () => readonly DeviceId[],
): SimDaemon {
  const fetch = (hash: string): Uint8Array | undefined => (globalThis as never as { fetchHack(h: string, d: SimDevice): Uint8Array | undefined }).fetchHack(hash, device)
  return device.start((ports) => {
    const catalogue = catalogues.open(ports)
    const deps: Deps = { ...ports, catalogue: catalogue as Catalogue }
    const daemon: SimDaemon = { device, catalogue, engine: undefined as never, failure: undefined }
    const engine: Engine = createEngine({
      deps,
      transport: ports.transport,
      membership: { isMember: (id) => members().includes(id), others: () => members().filter((id) => id !== device.id) },
      pulls: {
        want: (id, blob) => {
          void (async () => {
            for (;;) {
              await ports.clock.sleep(50, { signal: new AbortController().signal })
              const bytes = fetch(blob.hash)
              if (bytes === undefined) continue
              try { await engine.folder(id)?.incoming.put(blob.hash, bytes, { signal: new AbortController().signal }) } catch { continue }
              engine.landed(id, [blob.hash])
              return
            }
          })().catch((e: unknown) => (daemon.failure = e))
        },
        unwant: () => undefined,
      },
      pace: { ...DEFAULT_PACE, rescanMs: 120_000 },
      release: 'test',
      openRoot: (settings) =>
        Promise.resolve({ tree: ports.openTree(settings.path, settings.id), incoming: ports.openStore(settings.path) }),
      onEvent: () => undefined,
    })
    daemon.engine = engine
    ports.transport.admit(new Set(members()))
    void engine.hold({ id: folder, name: 'Photos', path: ROOT, isPaused: false }, { isNew: false }).catch((e: unknown) => (daemon.failure = e))
    engine.run({ signal: new AbortController().signal }).catch((cause: unknown) => {
      daemon.failure = cause
    })
    return daemon
  })
}

/**
 * A device in this process that is real but for its clock, which runs faster: files on the disk, the database in a file, sockets.
 * What it does with the disk can be made to fail (`disk-calls.ts`); what it does with its database, too.
 */

import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { openBlobStore } from '../../daemon/blobs/store.ts'
import { openCatalogue } from '../../daemon/catalogue/catalogue.ts'
import type { Catalogue } from '../../daemon/catalogue-port.ts'
import { KEEP_BOTH } from '../../protocol/folder-options.ts'
import { incomingDirectory } from '../../daemon/disk/context.ts'
import { createRoot, probeTraits } from '../../daemon/disk/create-root.ts'
import { openFileTree, rootState } from '../../daemon/disk/file-tree.ts'
import { openStateFiles } from '../../daemon/disk/state-files.ts'
import { createNativeCrypto, createSigner } from '../../daemon/native-crypto.ts'
import type { Libp2pPeerTransport } from '../../daemon/peers/transport.ts'
import type { Clock } from '../../daemon/ports.ts'
import type { DeviceSync } from '../../daemon/sync/device-sync.ts'
import { createDeviceSync } from '../../daemon/sync/device-sync.ts'
import { threadsHere } from '../threads-here.ts'
import { folderSettings } from '../../daemon/sync/settings.ts'
import { DEFAULT_PACE } from '../../daemon/sync/folder-loops.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { FOLDER, makeTemporary } from '../disk/real-tree.ts'
import { openLocal } from '../peers/real-network.ts'

/** How much faster its clock runs. */
const SPEED = 40
const PACE = { ...DEFAULT_PACE, debounceMs: 100, coalesceMs: 100, coalesceMaxMs: 400, retryMs: 4_000 }

/** A clock that runs `SPEED` times as fast, but shows the true date. */
const clock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => Math.floor(performance.now() * SPEED),
  sleep: (delayMs, { signal }) => delay(delayMs / SPEED, undefined, { signal, ref: false }),
}

export interface RealDevice extends AsyncDisposable {
  readonly id: DeviceId
  readonly transport: Libp2pPeerTransport
  /** All that is its own lies below. */
  readonly home: string
  readonly root: string
  readonly sync: DeviceSync
  /** Names of events of its log, the newest last. */
  readonly logged: string[]
  /** Begins to talk with the other one. */
  meet(other: RealDevice): void
  /** Why the folder does not follow, as it says. */
  complaints(): string[]
}

/** @param onTransact asked before each transaction: what it throws is thrown. */
export async function openRealDevice(name: string, onTransact: () => void): Promise<RealDevice> {
  const home = mkdtempSync(join(makeTemporary(), `${name}-`))
  const root = join(home, 'Photos')
  mkdirSync(root)
  await createRoot({ path: root, folder: FOLDER })
  const crypto = createNativeCrypto()
  const seed = new Uint8Array(randomBytes(32))
  const signer = createSigner(seed)
  const logged: string[] = []
  const catalogue = watched(
    openCatalogue({ file: join(home, 'catalogue.db'), self: signer.device, crypto }),
    onTransact,
  )
  const log = { event: (event: string, fields: object) => void logged.push(`${event} ${JSON.stringify(fields)}`) }
  const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) }
  const transport = await openLocal({ seed })
  const deps = { clock, random, log, crypto, signer, catalogue, state: await openStateFiles(join(home, 'state')) }
  const others: DeviceId[] = []
  const sync = createDeviceSync({
    ...{
      deps,
      transport,
      pace: PACE,
      release: 'test',
      retention: { days: 30, volumeShare: 1, perPath: null, bytes: null },
    },
    membership: {
      ...{
        isMember: (device) => others.includes(device),
        wasMember: (device) => others.includes(device),
        isOutdated: () => false,
        others: () => others,
      },
      conflictPolicy: () => KEEP_BOTH,
    },
    openRoot: async ({ path, id }) => {
      const state = await rootState(path, id)
      if (state !== 'ok') throw Object.assign(new Error(`the root is ${state}`), { code: state })
      const traits = await probeTraits(path)
      const tree = await openFileTree({ path, folder: id, traits, clock, crypto, threads: threadsHere })
      return {
        tree,
        incoming: await openBlobStore({ directory: incomingDirectory(path), crypto, threads: threadsHere }),
      }
    },
    ...{ onEvent: () => undefined, onTransfer: () => undefined, onPullFault: () => undefined, onSent: () => undefined },
  })
  const stop = new AbortController()
  await sync.engine.hold(folderSettings({ id: FOLDER, name: 'Photos', path: root }), { isNew: true })
  const running = sync.run({ signal: stop.signal })
  running.catch(() => undefined)
  return {
    ...{ id: signer.device, transport, home, root, sync, logged },
    meet: (other) => {
      others.push(other.id)
      transport.admit(new Set(others))
    },
    complaints: () => complaintsOf(sync),
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Error('the test is over'))
      await Promise.allSettled([running])
      await transport[Symbol.asyncDispose]()
      catalogue[Symbol.dispose]()
      rmSync(join(home, '..'), { recursive: true, force: true })
    },
  }
}

function watched(real: Catalogue, onTransact: () => void): Catalogue {
  return {
    read: (body) => real.read(body),
    transact: (o, body) => {
      onTransact()
      return real.transact(o, body)
    },
    [Symbol.dispose]: () => real[Symbol.dispose](),
  }
}

function complaintsOf(sync: DeviceSync): string[] {
  const folders = sync.engine
    .held()
    .flatMap(({ fault, folder }) => [
      ...(fault === null ? [] : [`${fault.code}`]),
      ...(folder?.halt == null ? [] : [folder.halt.kind]),
      ...[...(folder?.failures.values() ?? [])].map(({ code }) => code),
      ...[...(folder?.problems.values() ?? [])].flatMap((list) => list.map(({ code }) => code)),
    ])
  const pulls = [...sync.pulls.wanted()].flatMap(({ state, reason }) => (reason === null ? [] : [`${state} ${reason}`]))
  return [...folders, ...pulls]
}

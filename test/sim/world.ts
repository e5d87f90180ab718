/**
 * A world in which whole daemons run from one seed: time, chance, disks and the network, and nothing real.
 *
 *     const world = createWorld(7)
 *     const anna = world.device('anna')
 *     anna.addRoot('/photos', folder)                 // once: makes the directory and its marker
 *     anna.start((ports) => startSimDaemon(ports))    // a life begins; its code runs whenever the world does
 *     anna.hands.write('/photos/a.txt', 'hello')      // a person's edit, at once
 *     world.network.cut(anna.id, ben.id)
 *     await world.runFor(60_000)                      // virtual milliseconds
 *     anna.kill({ power: true })                      // the life ends where it stands; unsynced writes are lost
 *     anna.start((ports) => startSimDaemon(ports))    // another life on what the disk kept
 *     await world.runUntil(() => anna.hands.digest('/photos') === ben.hands.digest('/photos'), { withinMs: 600_000 })
 *     console.log(world.trace.digest())               // the same for the same seed and the same steps
 *
 * A device is killed only between events, when all its code has come to a wait: none of those waits ever ends, so no code
 * of a dead life runs again. Whatever a program keeps in memory outside the ports dies with it; what must outlive it (a
 * catalogue in memory, say) hangs on `device.onKill`, which tells whether the power went too.
 * One step at a time: call `start`, `kill`, `suspend` and the hands between runs, or from `world.after`.
 */

import { createNativeCrypto, createSigner } from '../../daemon/native-crypto.ts'
import type { Crypto, Signer } from '../../protocol/crypto.ts'
import type { DeviceId, FolderId } from '../../protocol/ids.ts'
import type { BlobStore, Clock, FileTree, Log, PeerTransport, Random, StateFiles } from '../../daemon/ports.ts'
import { WallClock, createSimClock } from './clock.ts'
import { SimDisk } from './disk.ts'
import type { DiskOptions } from './disk.ts'
import { createFastCrypto, createFastSigner } from './fast-crypto.ts'
import { Hands } from './hands.ts'
import { Life } from './life.ts'
import { Network } from './network.ts'
import type { NetworkOptions } from './network.ts'
import type { SimRandom } from './random.ts'
import { createScheduler } from './scheduler.ts'
import type { RunEnd, RunOptions, Scheduler } from './scheduler.ts'
import { openSimState } from './state.ts'
import { openSimStore } from './store.ts'
import { openSimTree } from './tree.ts'
import { markRoot } from './tree-root.ts'
import type { Trace } from './trace.ts'

export interface WorldOptions {
  readonly network?: NetworkOptions
  /** For every device; `device` may say otherwise for one. */
  readonly disk?: DiskOptions
  /** Keeps the trace's lines, not only its hash. */
  readonly keepsTrace?: boolean
  /** `fast`: signatures that anyone could forge, for runs in which nobody does. `real`, as in the daemon, unless told so. */
  readonly signatures?: 'real' | 'fast'
}

/** The ports of one life. */
export interface SimPorts {
  readonly life: Life
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly crypto: Crypto
  readonly signer: Signer
  readonly state: StateFiles
  readonly transport: PeerTransport
  readonly openTree: (root: string, folder: FolderId) => FileTree
  readonly openStore: (root: string) => BlobStore
}

export interface World {
  readonly scheduler: Scheduler
  readonly network: Network
  readonly trace: Trace
  /** For the test's own choices. */
  readonly random: SimRandom
  /** A device by its name; made when it is first asked for. */
  device(name: string, options?: DiskOptions): SimDevice
  devices(): readonly SimDevice[]
  /** Something from outside, at a time: a fault, a person's edit. */
  after(delayMs: number, act: () => void): void
  runFor(ms: number): Promise<RunEnd>
  /** Whether the condition came to hold. Ends early when nothing can happen any more. */
  runUntil(holds: () => boolean, o: { withinMs: number } & Pick<RunOptions, 'everyMs' | 'turnsMax'>): Promise<boolean>
}

export function createWorld(seed: number | string, options: WorldOptions = {}): World {
  const scheduler = createScheduler(seed, { keepsTrace: options.keepsTrace ?? false })
  const network = new Network(scheduler, options.network)
  const isFast = options.signatures === 'fast'
  const crypto = isFast ? createFastCrypto() : createNativeCrypto()
  const signerOf = (seed: Uint8Array): Signer => (isFast ? createFastSigner(seed, crypto) : createSigner(seed))
  const devices = new Map<string, SimDevice>()
  return {
    scheduler,
    network,
    trace: scheduler.trace,
    random: scheduler.random.fork('world'),
    device(name, diskOptions) {
      const known = devices.get(name)
      if (known !== undefined) return known
      const device = new SimDevice(name, { scheduler, network, crypto, signerOf }, { ...options.disk, ...diskOptions })
      devices.set(name, device)
      return device
    },
    devices: () => [...devices.values()],
    after: (delayMs, act) => void scheduler.after(delayMs * 1000, act),
    runFor: (ms) => scheduler.run({ forMs: ms }),
    runUntil: async (until, { withinMs, ...rest }) =>
      (await scheduler.run({ until, forMs: withinMs, ...rest })) === 'until',
  }
}

interface Surroundings {
  readonly scheduler: Scheduler
  readonly network: Network
  readonly crypto: Crypto
  readonly signerOf: (seed: Uint8Array) => Signer
}

const SEED_BYTES = 32

/** One machine: its disk, wall clock and identity outlive the programs that run on it. */
export class SimDevice {
  readonly name: string
  readonly signer: Signer
  readonly disk: SimDisk
  readonly hands: Hands
  readonly wall: WallClock
  readonly #around: Surroundings
  readonly #killed: ((o: { power: boolean }) => void)[] = []
  #life: Life | undefined
  #lives = 0

  constructor(name: string, around: Surroundings, disk: DiskOptions) {
    const { scheduler } = around
    this.name = name
    this.#around = around
    this.signer = around.signerOf(scheduler.random.fork(`identity ${name}`).bytes(SEED_BYTES))
    this.wall = new WallClock(scheduler)
    this.disk = new SimDisk(name, scheduler, () => this.wall.nowMs(), disk)
    this.disk.onCrash = (power) => {
      this.kill({ power })
    }
    this.hands = new Hands(this.disk.volume, scheduler, name)
  }

  get id(): DeviceId {
    return this.signer.device
  }

  /** The life that runs now; undefined while the device is off. */
  get life(): Life | undefined {
    return this.#life
  }

  /** Makes a directory the root of a folder, as adding a folder does. */
  addRoot(root: string, folder: FolderId): void {
    markRoot(this.disk.volume, root, folder)
  }

  /** Begins a life and boots a program in it. @throws Error when one runs already. */
  start<T>(boot: (ports: SimPorts) => T): T {
    if (this.#life !== undefined) throw new Error(`${this.name} runs already`)
    this.#lives += 1
    const life = new Life(this.name, this.#around.scheduler)
    this.#life = life
    this.#around.scheduler.trace.note('start', this.name, this.#lives)
    return boot(this.#portsOf(life))
  }

  /** Ends the life where it stands; `power`: and drops what was not synced. Does nothing while the device is off. */
  kill(o: { power: boolean }): void {
    const life = this.#life
    if (life === undefined) return
    this.#around.scheduler.trace.note('kill', this.name, o.power ? 'power' : 'process')
    if (o.power) this.#around.network.willVanishSilently(life)
    life.end()
    this.#life = undefined
    if (o.power) this.disk.cutPower()
    for (const listener of this.#killed) listener(o)
  }

  /** Runs after every kill: for what a test keeps beside the disk. */
  onKill(listener: (o: { power: boolean }) => void): void {
    this.#killed.push(listener)
  }

  /** The lid closes: nothing of this device moves until `resume`; the wall clock goes on. */
  suspend(): void {
    this.#around.scheduler.trace.note('suspend', this.name)
    this.#life?.suspend()
    this.#around.network.fellAsleep(this.id)
  }

  resume(): void {
    this.#around.scheduler.trace.note('resume', this.name)
    this.#life?.resume()
    this.#around.network.wokeUp(this.id)
  }

  #portsOf(life: Life): SimPorts {
    const { scheduler, network, crypto } = this.#around
    const { disk, wall, signer } = this
    const random = scheduler.random.fork(`random ${this.name} ${this.#lives}`)
    const wallMs = (): number => wall.nowMs()
    return {
      life,
      crypto,
      signer,
      clock: createSimClock(life, wall),
      random: { bytes: (length) => random.bytes(length) },
      log: {
        event: (name, fields) => {
          scheduler.trace.note('log', this.name, name, JSON.stringify(fields))
        },
      },
      state: openSimState(disk, life),
      transport: network.join(signer.device, life),
      openTree: (path, folder) => openSimTree({ disk, life, path, folder, crypto, wallMs }),
      openStore: (path) => openSimStore({ disk, life, path, crypto }),
    }
  }
}

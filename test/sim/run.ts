/** One simulated run from one seed: some daemons, random edits, faults, then peace; afterwards all folders are equal and nothing is lost. */

import { folderIdOf } from '../../protocol/ids.ts'
import type { SimDaemon } from './daemon.ts'
import { ROOT, SimCatalogue, startDaemon } from './daemon.ts'
import type { Memory } from './person.ts'
import { createMemory, edit } from './person.ts'
import type { SimRandom } from './random.ts'
import type { SimDevice, World } from './world.ts'
import { createWorld } from './world.ts'

export interface RunResult {
  readonly seed: number
  /** What went wrong, or undefined. */
  readonly fault: string | undefined
  readonly trace: string
  readonly edits: number
  readonly turns: number
  readonly lines: readonly string[]
}

const FOLDER = folderIdOf(new Uint8Array(16).fill(7))
const NAMES = ['anna', 'ben', 'cleo', 'dora'] as const
const HEAL_MS = 10 * 60_000

interface Run {
  readonly world: World
  readonly random: SimRandom
  readonly devices: readonly SimDevice[]
  readonly catalogues: Map<SimDevice, SimCatalogue>
  readonly daemons: Map<SimDevice, SimDaemon>
  readonly memory: Memory
  edits: number
}

export async function runSeed(seed: number, o: { keepsTrace?: boolean } = {}): Promise<RunResult> {
  const world = createWorld(seed, { keepsTrace: o.keepsTrace ?? false, signatures: 'fast' })
  const random = world.random
  const devices = NAMES.slice(0, 2 + random.below(NAMES.length - 1)).map((name) => world.device(name))
  const run: Run = {
    world,
    random,
    devices,
    catalogues: new Map(),
    daemons: new Map(),
    memory: createMemory(),
    edits: 0,
  }
  for (const device of devices) {
    device.addRoot(ROOT, FOLDER)
    const catalogue = new SimCatalogue()
    run.catalogues.set(device, catalogue)
    device.onKill(({ power }) => {
      if (power) catalogue.cutPower()
    })
  }
  let fault: string | undefined
  try {
    fault = await live(run)
  } catch (cause) {
    fault = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
  }
  for (const catalogue of run.catalogues.values()) catalogue.cutPower()
  return {
    seed,
    fault,
    trace: world.trace.digest(),
    edits: run.edits,
    turns: world.scheduler.turns(),
    lines: world.trace.lines,
  }
}

async function live(run: Run): Promise<string | undefined> {
  const { world, random, devices } = run
  for (const device of devices) {
    for (let i = random.below(4); i > 0; i -= 1) act(run, device)
    start(run, device)
  }
  for (let i = 10 + random.below(30); i > 0; i -= 1) {
    await world.runFor(random.below(random.below(4) === 0 ? 20_000 : 400))
    disturb(run)
    const failed = failureOf(run)
    if (failed !== undefined) return failed
  }
  world.network.healAll()
  for (const device of devices) if (device.life === undefined) start(run, device)
  const isCalm = await world.runUntil(() => isEqual(run), { withinMs: HEAL_MS, everyMs: 500 })
  return failureOf(run) ?? (isCalm ? undefined : `not equal after healing:\n${describe(run)}`) ?? lost(run)
}

/** One thing that happens: mostly an edit, sometimes a fault. */
function disturb(run: Run): void {
  const { random, devices, world } = run
  const device = devices[random.below(devices.length)]
  const other = devices[random.below(devices.length)]
  if (device === undefined || other === undefined) return
  const dice = random.below(100)
  if (dice < 70) act(run, device)
  else if (dice < 78 && device !== other) world.network.cut(device.id, other.id)
  else if (dice < 88 && device !== other) world.network.heal(device.id, other.id)
  else if (dice < 94) restart(run, device, random.below(2) === 0)
  else if (dice < 97 && device !== other) world.network.reset(device.id, other.id)
  else if (device.life !== undefined) device.kill({ power: random.below(2) === 0 })
}

function act(run: Run, device: SimDevice): void {
  run.edits += 1
  edit(device, ROOT, run.random, run.memory)
}

function restart(run: Run, device: SimDevice, power: boolean): void {
  device.kill({ power })
  start(run, device)
}

function start(run: Run, device: SimDevice): void {
  const catalogue = run.catalogues.get(device)
  if (catalogue === undefined) throw new Error(`no catalogue of ${device.name}`)
  const members = run.devices.map(({ id }) => id)
  run.daemons.set(
    device,
    startDaemon(device, catalogue, FOLDER, () => members),
  )
}

function failureOf(run: Run): string | undefined {
  for (const { device, failure } of run.daemons.values()) {
    if (failure !== undefined)
      return `${device.name} failed: ${failure instanceof Error ? (failure.stack ?? '') : JSON.stringify(failure)}`
  }
  return undefined
}

/** In sync and quiet: the same files, the same digests, nothing left to do. */
function isEqual(run: Run): boolean {
  const states = run.devices.map((device) => {
    const daemon = run.daemons.get(device)
    const totals = daemon?.catalogue.read((tx) => ({
      digest: Buffer.from(tx.totals(FOLDER).digest).toString('hex'),
      open: tx.dirtyCount(FOLDER) + tx.waitingCount(FOLDER) + tx.unpublished(FOLDER, 1).length,
    }))
    return totals === undefined || totals.open > 0 ? undefined : totals.digest
  })
  if (states.some((state) => state === undefined || state !== states[0])) return false
  const digests = run.devices.map((device) => device.hands.digest(ROOT))
  return digests.every((digest) => digest === digests[0])
}

/** Contents that no hand took away must be somewhere: at a path, or among the kept versions. */
function lost(run: Run): string | undefined {
  const there = new Set<string>()
  for (const device of run.devices) {
    for (const found of device.hands.walk(ROOT, { isWithHolt: true })) {
      if (found.kind === 'file') there.add(new TextDecoder().decode(found.content))
    }
  }
  const missing = [...run.memory.kept].filter((text) => !there.has(text))
  return missing.length === 0 ? undefined : `lost: ${missing.join(', ')}\n${describe(run)}`
}

function describe(run: Run): string {
  return run.devices
    .map((device) => {
      const daemon = run.daemons.get(device)
      const state = daemon?.catalogue.read((tx) => ({
        digest: Buffer.from(tx.totals(FOLDER).digest).toString('hex').slice(0, 12),
        dirty: tx.dirty(FOLDER, null, 20).map(({ path }) => path),
        waiting: tx.waiting(FOLDER, 20),
        unpublished: tx.unpublished(FOLDER, 5).length,
      }))
      const folder = daemon?.sync.engine.folder(FOLDER)
      const status = {
        halt: folder?.halt ?? null,
        fault: daemon?.sync.engine.get(FOLDER)?.fault ?? null,
        scanned: folder?.isScanned,
        recovering: folder?.isRecovering,
      }
      return `--- ${device.name} ${JSON.stringify({ ...state, ...status })}\n${device.hands.digest(ROOT)}`
    })
    .join('\n')
}

/**
 * One simulated run from one seed: some daemons, random edits, faults, then peace. Afterwards all folders are equal, nothing is
 * lost, nothing has come back, and nobody says anything any more.
 */

import { folderIdOf } from '../../protocol/ids.ts'
import { parseRelPath } from '../../protocol/path.ts'
import type { Beginning, SimDaemon } from './daemon.ts'
import { ROOT, SimCatalogue, startDaemon } from './daemon.ts'
import { forgetUnknown, knowsOf } from './knowledge.ts'
import { describeDaemon, isEqual, textsOf, verdictOn, visible } from './judge.ts'
import type { Memory } from './memory.ts'
import { createMemory, newText } from './memory.ts'
import type { Person } from './person.ts'
import { textsBelow } from './person.ts'
import type { Lies } from './lies.ts'
import { makeLies, makeOvertaking } from './lies.ts'
import type { SimRandom } from './random.ts'
import { disturb } from './scenario.ts'
import { STATE_DIRECTORY } from './state.ts'
import type { Universe } from './universe.ts'
import { chooseUniverse, describeUniverse, endDifferences } from './universe.ts'
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

/** What happens to one device beside its edits. */
export interface Station {
  readonly device: SimDevice
  readonly catalogue: SimCatalogue
  daemon: SimDaemon | undefined
  /** How the person begins with the folder. */
  beginning: Exclude<Beginning, 'again'>
  isUnmounted: boolean
  isAsleep: boolean
}

export interface Run {
  readonly world: World
  readonly random: SimRandom
  /** Those that are in the group. */
  stations: readonly Station[]
  /** Those who left it, too. */
  readonly everybody: Station[]
  readonly memory: Memory
  readonly universe: Universe
  /** Of a person who ends what is left different. */
  readonly ending: SimRandom
  /** When a person last ended what is left different. */
  turnMs: number
  readonly lies: Lies
  readonly isOvertaking: boolean
  /** Somebody took back what others did: what was written instead may be in the versions only. */
  isUndone: boolean
  readonly daemons: SimDaemon[]
  edits: number
}

export const FOLDER = folderIdOf(new Uint8Array(16).fill(7))
const NAMES = ['anna', 'ben', 'cleo', 'dora', 'emil'] as const
const NEWCOMER = 'fay'
/** What happens to a run beside its beginning. Short runs, and many: a seed that fails is easier to read. */
const HAPPENINGS_MIN = 4
const HAPPENINGS_SPREAD = 13
/** How often it is looked whether all is calm, and how often a person ends what is left different. */
const LOOK_MS = 500
const TURN_MS = 20_000
const HEAL_MS = 15 * 60_000
/** Beyond the hour for which nothing is taken from a device that gave wrong bytes. */
const HEAL_FROM_LIES_MS = 80 * 60_000
/** How long it must stay quiet, and the bytes that two devices may exchange meanwhile: a ping each ten seconds, some of them late. */
const QUIET_MS = 40_000
const QUIET_BYTES_MAX = 84
const QUIET_WINDOWS_MAX = 4
/** Logs that are compacted soon: in a short run each has a chance of it. */
const SUPERSEDED_MIN = 2
const WALL_SKEW_MS = 10 * 365 * 24 * 60 * 60_000

export interface RunSeedOptions {
  readonly keepsTrace?: boolean
  /** No more than so many of what happens to the run: to find the shortest beginning that goes wrong. */
  readonly happeningsMax?: number
}

export async function runSeed(seed: number, o: RunSeedOptions = {}): Promise<RunResult> {
  const world = createWorld(seed, { keepsTrace: o.keepsTrace ?? false, signatures: 'fast' })
  const { random } = world
  const names = NAMES.slice(0, 2 + random.below(NAMES.length - 1))
  const watchLoss = random.chance(0.2) ? 0.2 : 0
  const stations = names.map((name) => createStation(world, name, watchLoss))
  const universe = chooseUniverse(
    random.fork('universe'),
    stations.map(({ device }) => device),
  )
  const ending = random.fork('ending')
  const run: Run = {
    world,
    random,
    stations,
    everybody: [...stations],
    memory: createMemory(),
    universe,
    ending,
    turnMs: 0,
    lies: makeLies(world),
    isOvertaking: makeOvertaking(
      world,
      stations.map(({ device }) => device.id),
    ),
    isUndone: false,
    daemons: [],
    edits: 0,
  }
  let fault: string | undefined
  try {
    fault = await live(run, o.happeningsMax ?? Infinity)
  } catch (cause) {
    fault = textOf(cause)
  }
  const result = { seed, fault, trace: world.trace.digest(), edits: run.edits, turns: world.scheduler.turns() }
  await end(run, [...new Set([...stations, ...run.everybody])])
  return { ...result, lines: world.trace.lines }
}

function createStation(world: World, name: string, watchLoss: number): Station {
  const device = world.device(name, { watchLoss })
  device.addRoot(ROOT, FOLDER)
  if (world.random.chance(0.2)) device.wall.offsetMs = world.random.between(-WALL_SKEW_MS, WALL_SKEW_MS)
  const catalogue = new SimCatalogue()
  const station: Station = {
    device,
    catalogue,
    daemon: undefined,
    beginning: 'added',
    isUnmounted: false,
    isAsleep: false,
  }
  device.onKill(({ power }) => {
    station.daemon = undefined
    if (power) catalogue.cutPower()
  })
  return station
}

/** Another device is paired, with a folder that may have things in it already; the others learn of it at once. */
export function joinMember(run: Run): void {
  const { world, random, everybody } = run
  if (everybody.some(({ device }) => device.name === NEWCOMER)) return
  const station = createStation(world, NEWCOMER, 0)
  everybody.push(station)
  run.stations = [...run.stations, station]
  for (let i = random.below(3); i > 0; i -= 1) disturb(run, station)
  admitAll(run)
  station.beginning = 'accepted'
  start(run, station)
}

/** Every running device connects with exactly those who are in the group now. */
export function admitAll({ stations }: Run): void {
  for (const { daemon } of stations) {
    if (daemon === undefined) continue
    const others = stations.map(({ device }) => device.id).filter((id) => id !== daemon.device.id)
    daemon.transport.admit(new Set(others))
  }
}

/** Lets all daemons of the run go, dead ones too: their signals are known to the whole process. */
async function end(run: Run, stations: readonly Station[]): Promise<void> {
  for (const { device } of stations) device.kill({ power: false })
  for (const daemon of run.daemons) daemon.end()
  await new Promise((resolve) => setImmediate(resolve))
  for (const { catalogue } of stations) catalogue.cutPower()
}

async function live(run: Run, happeningsMax: number): Promise<string | undefined> {
  const { world, random } = run
  if (random.chance(0.2)) {
    const fault = await startEqual(run)
    if (fault !== undefined) return fault
  } else startApart(run)
  const happenings = HAPPENINGS_MIN + random.below(HAPPENINGS_SPREAD)
  for (let i = Math.min(happenings, happeningsMax); i > 0; i -= 1) {
    await world.runFor(random.below(random.chance(0.25) ? 20_000 : 400))
    disturb(run)
    const failed = failureOf(run)
    if (failed !== undefined) return failed
  }
  return await settle(run)
}

function startApart(run: Run): void {
  const { random } = run
  for (const station of run.stations) {
    for (let i = random.below(4); i > 0; i -= 1) disturb(run, station)
    station.beginning = random.chance(0.5) ? 'added' : 'accepted'
    start(run, station)
  }
}

/** Devices whose folders are equal from the start, the commonest one: nothing is transferred, no file is touched. */
async function startEqual(run: Run): Promise<string | undefined> {
  const { random, memory, stations } = run
  const texts = Array.from({ length: 1 + random.below(6) }, () => newText(memory, 'all', random.below(64)))
  for (const { device } of stations) {
    for (const [i, text] of texts.entries()) device.hands.write(`${ROOT}/${i % 2 === 0 ? 'd/' : ''}same-${i}`, text)
  }
  const before = stations.map(looks)
  for (const [i, station] of stations.entries()) {
    station.beginning = i > 0 ? 'accepted' : 'added'
    start(run, station)
  }
  const isCalm = await run.world.runUntil(() => isInSync(run), { withinMs: HEAL_MS, everyMs: 1000 })
  if (!isCalm) return `equal folders do not come to rest:\n${describe(run)}`
  const sent = run.daemons.reduce((sum, { sentBytes }) => sum + sentBytes, 0)
  if (sent > 0) return `equal folders transferred ${sent} bytes`
  // Where words are long under way, a device takes over times that another has joined with its own meanwhile.
  if (run.isOvertaking) return undefined
  return stations.every((station, i) => looks(station) === before[i]) ? undefined : 'equal files were touched'
}

/** Everything that a touch of any file would change. */
function looks({ device }: Station): string {
  return device.hands
    .walk(ROOT)
    .filter(({ kind }) => kind === 'file')
    .map(({ path }) => {
      const inode = device.disk.volume.get(`${ROOT}/${path}`)
      return `${path} ${inode.number} ${inode.mtimeMs} ${inode.changeNo}`
    })
    .join('\n')
}

/** Everything is healed, and then all must become equal and quiet. */
async function settle(run: Run): Promise<string | undefined> {
  const { world, random } = run
  // Whoever lied runs an honest program from now on.
  for (const { device } of run.stations) if (run.lies.liars.has(device.id)) device.kill({ power: false })
  run.lies.liars.clear()
  for (const station of run.stations) {
    station.device.disk.faults = () => undefined
    if (station.isAsleep) wake(station)
    if (station.isUnmounted) mount(station)
  }
  world.network.healAll()
  for (const station of run.stations) if (station.daemon === undefined) start(run, station)
  // Whoever overrides on one device what the others have, and rejects that there, is never done.
  const decision = random.chance(0.5) || run.universe.mayReturn ? 'approve' : 'reject'
  const withinMs = run.lies.wereTold ? HEAL_FROM_LIES_MS : HEAL_MS
  const isCalm = await world.runUntil(() => isCalmAfter(run, decision), { withinMs, everyMs: LOOK_MS })
  const failed = failureOf(run)
  if (failed !== undefined) return failed
  if (!isCalm) return `not equal after healing:\n${describe(run)}`
  const verdict = verdictOn(
    run.memory,
    run.stations.map(({ device }) => device),
    { mayLose: run.universe.mayLose || run.isUndone, mayReturn: run.universe.mayReturn },
  )
  if (verdict !== undefined) return `${verdict}\n${describe(run)}`
  return await quietFault(run)
}

/** Whether all is in sync; a person answers whatever folder asks. */
function isCalmAfter(run: Run, decision: 'approve' | 'reject'): boolean {
  const isTurn = isTheirTurn(run)
  for (const { daemon } of run.stations) {
    const folder = daemon?.sync.engine.folder(FOLDER)
    if (isTurn && folder?.isScanned === true) endDifferences(folder, run.ending)
    const halt = folder?.halt
    if (daemon !== undefined) clearWay(run, daemon)
    if (halt?.kind.startsWith('mass-delete') !== true) continue
    if (decision === 'reject') run.memory.gone.clear()
    daemon?.sync.engine.decide(FOLDER, decision)
  }
  return isInSync(run)
}

/** A person looks now and then, and gives what was said time to come to the others. */
function isTheirTurn(run: Run): boolean {
  const nowMs = run.world.scheduler.nowMs()
  if (nowMs - run.turnMs < TURN_MS) return false
  run.turnMs = nowMs
  return true
}

/** A person moves away what the status calls in the way: files that are ignored here, where others have a file. */
function clearWay({ memory }: Run, { device, sync }: SimDaemon): void {
  for (const { path, code } of sync.engine.folder(FOLDER)?.failures.values() ?? []) {
    if (code !== 'in-the-way') continue
    for (const text of textsBelow(device, `${ROOT}/${path}`)) memory.kept.delete(text)
    device.hands.remove(`${ROOT}/${path}`)
  }
}

/** The last acknowledgements and looks at the disk may still be under way; after a few windows nothing may be. */
async function quietFault(run: Run): Promise<string | undefined> {
  for (let windows = QUIET_WINDOWS_MAX; windows > 0; windows -= 1) {
    const [before, bytesBefore] = [heads(run), exchanged(run)]
    await run.world.runFor(QUIET_MS)
    if (!isInSync(run)) continue
    const isSilent = exchanged(run).every((bytes, i) => bytes - (bytesBefore[i] ?? 0) <= QUIET_BYTES_MAX)
    if (isSilent && heads(run) === before) return undefined
  }
  return `not quiet:\n${describe(run)}`
}

function heads(run: Run): string {
  return run.stations
    .map(({ daemon }) => daemon?.catalogue.read((tx) => tx.ownHead(FOLDER)))
    .map((head) => `${head?.epoch} ${head?.lastSeq}`)
    .join()
}

function exchanged({ world, stations }: Run): number[] {
  return stations.flatMap(({ device: a }) => stations.map(({ device: b }) => world.network.bytesBetween(a.id, b.id)))
}

// ---- What scenarios do with a run.

export function start(run: Run, station: Station): void {
  const members = (): readonly SimDevice['id'][] => run.stations.map(({ device }) => device.id)
  const beginning = isHeld(station) ? 'again' : station.beginning
  const { universe } = run
  const mode = universe.modeOf(station.device.name)
  const group = {
    ...{ folder: FOLDER, members, mode, conflictPolicy: () => universe.policy },
    ...(universe.compacts && { supersededMin: SUPERSEDED_MIN }),
  }
  station.daemon = startDaemon(station.device, station.catalogue, group, beginning)
  run.daemons.push(station.daemon)
  forgetUnknown(run, station)
}

/** Whether the folder outlived the last life. Where the machine died in its first moment, the person adds it again. */
function isHeld({ device }: Station): boolean {
  return device.hands.walk(STATE_DIRECTORY).some(({ path }) => path.includes(FOLDER) && path.endsWith('.json'))
}

export function personAt(run: Run, { device, catalogue }: Station): Person {
  const memory = run.universe.memoryOf(device.name, run.memory)
  const isKnown = (path: string): boolean =>
    catalogue.knowsFile(FOLDER, parseRelPath(path)) && run.stations.every((each) => knowsOf(run, each, path))
  return { device, root: ROOT, random: run.random, memory, agreed: () => agreedTexts(run), isKnown }
}

export function wake(station: Station): void {
  station.isAsleep = false
  station.device.resume()
  station.daemon?.sync.engine.rescan()
  station.daemon?.transport.redial()
}

export function mount(station: Station): void {
  station.isUnmounted = false
  station.device.hands.mount(ROOT)
}

function agreedTexts(run: Run): ReadonlySet<string> {
  const [first] = run.stations
  return first !== undefined && isInSync(run) ? new Set(textsOf(visible(first.device))) : new Set()
}

function isInSync(run: Run): boolean {
  const daemons = run.stations.flatMap(({ daemon }) => (daemon === undefined ? [] : [daemon]))
  return daemons.length === run.stations.length && isEqual(daemons, FOLDER)
}

function failureOf(run: Run): string | undefined {
  const failed = run.daemons.find(({ failure }) => failure !== undefined)
  return failed === undefined ? undefined : `${failed.device.name} failed: ${textOf(failed.failure)}`
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
}

function describe(run: Run): string {
  const names = run.stations.map(({ device }) => device.name)
  const daemons = run.stations.flatMap(({ daemon }) => (daemon === undefined ? [] : [describeDaemon(daemon, FOLDER)]))
  return [describeUniverse(run.universe, names), ...daemons].join('\n')
}

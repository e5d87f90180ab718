/** What happens in a run: mostly edits, sometimes a fault of the network, of a machine, of a disk, or of a person. */

import { crashAtCall, failCall } from './disk.ts'
import { textsOf } from './judge.ts'
import { edit, removeAll } from './person.ts'
import { ROOT } from './daemon.ts'
import type { Run, Station } from './run.ts'
import { FOLDER, admitAll, joinMember, mount, personAt, start, wake } from './run.ts'

type Happening = (run: Run, station: Station, other: Station) => void

const HAPPENINGS: readonly (readonly [weight: number, happens: Happening])[] = [
  [640, act],
  [60, cut],
  [80, heal],
  [20, (run, a, b) => run.world.network.reset(a.device.id, b.device.id)],
  [8, (run, a, b) => run.world.network.flap(a.device.id, b.device.id, 5000)],
  [50, restart],
  [25, turnOff],
  [30, crashSoon],
  [12, failSoon],
  [20, sleepOrWake],
  [10, loseCatalogue],
  [8, (_, { catalogue }) => catalogue.backUp()],
  [6, restoreCatalogue],
  [10, unmountOrMount],
  [6, setClock],
  [6, emptyFolder],
  [6, decide],
  [2, removeMember],
  [4, joinMember],
]
const WEIGHT = HAPPENINGS.reduce((sum, [weight]) => sum + weight, 0)
const CALLS_UNTIL_FAULT_MAX = 40
/** More than any run has. */
const ENTRIES_MAX = 10_000
const CLOCK_JUMP_MS = 10 * 365 * 24 * 60 * 60_000

/** One thing that happens; an edit where a station is given. */
export function disturb(run: Run, station?: Station): void {
  const { random, stations } = run
  if (station !== undefined) {
    act(run, station)
    return
  }
  const [a, b] = [random.pick(stations), random.pick(stations)]
  let dice = random.below(WEIGHT)
  for (const [weight, happens] of HAPPENINGS) {
    dice -= weight
    if (dice >= 0) continue
    happens(run, a, b)
    return
  }
}

function act(run: Run, station: Station): void {
  if (station.isUnmounted) return
  run.edits += 1
  edit(personAt(run, station))
}

function cut(run: Run, a: Station, b: Station): void {
  if (a !== b) run.world.network.cut(a.device.id, b.device.id)
}

function heal(run: Run, a: Station, b: Station): void {
  if (a !== b) run.world.network.heal(a.device.id, b.device.id)
}

function restart(run: Run, station: Station): void {
  turnOff(run, station)
  start(run, station)
}

function turnOff(run: Run, station: Station): void {
  station.isAsleep = false
  station.device.kill({ power: run.random.chance(0.5) })
}

/** The machine dies at one of the next calls to its disk; somebody turns it on again, now or at the end. */
function crashSoon(run: Run, station: Station): void {
  if (station.daemon === undefined) {
    start(run, station)
    return
  }
  const { random } = run
  const at = 1 + random.below(CALLS_UNTIL_FAULT_MAX)
  crashAtCall(station.device.disk, at, { power: random.chance(0.5), isDone: random.chance(0.5) })
}

function failSoon({ random }: Run, { device }: Station): void {
  failCall(device.disk, 1 + random.below(CALLS_UNTIL_FAULT_MAX), random.pick(['EIO', 'ENOSPC', 'EACCES']))
}

function sleepOrWake(_: Run, station: Station): void {
  if (station.isAsleep) wake(station)
  else if (station.daemon !== undefined) {
    station.isAsleep = true
    station.device.suspend()
  }
}

function loseCatalogue(run: Run, station: Station): void {
  forgetUntold(run, station)
  turnOff(run, station)
  station.catalogue.lose()
  start(run, station)
}

function restoreCatalogue(run: Run, station: Station): void {
  forgetUntold(run, station)
  turnOff(run, station)
  station.catalogue.restore()
  start(run, station)
}

/**
 * What was deleted here and not told to anybody cannot be known any more. Nor can it be known that a file here was deleted elsewhere,
 * where nobody was told that it had come here.
 */
function forgetUntold({ memory, stations }: Run, station: Station): void {
  const living = new Set(stations.flatMap(({ device }) => textsOf(device.hands.walk(ROOT))))
  const told = new Set(stations.flatMap((other) => heldByWord(other, station)))
  const files = station.device.hands.walk(ROOT).filter(({ kind }) => kind === 'file')
  const untold = new Set(textsOf(files.filter(({ path, content }) => !told.has(`${path} ${content.length}`))))
  for (const [text, name] of memory.gone) {
    if ((name === station.device.name && living.has(text)) || untold.has(text)) memory.gone.delete(text)
  }
}

/** The files that one device, while it runs, knows another to hold: path and size. */
function heldByWord({ daemon }: Station, { device }: Station): string[] {
  if (daemon === undefined || daemon.device === device) return []
  const entries = daemon.catalogue.read((tx) => tx.entriesHeldBy(FOLDER, device.id, null, ENTRIES_MAX))
  return entries.flatMap(({ path, content }) => (content.kind === 'file' ? [`${path} ${content.sizeBytes}`] : []))
}

function unmountOrMount(_: Run, station: Station): void {
  if (station.isUnmounted) mount(station)
  else {
    station.isUnmounted = true
    station.device.hands.unmount(ROOT)
  }
}

function setClock({ random }: Run, { device }: Station): void {
  device.wall.offsetMs += random.between(-CLOCK_JUMP_MS, CLOCK_JUMP_MS)
}

function emptyFolder(run: Run, station: Station): void {
  if (!station.isUnmounted) removeAll(personAt(run, station))
}

function decide({ random, memory }: Run, { daemon }: Station): void {
  const decision = random.chance(0.5) ? 'approve' : 'reject'
  if (daemon?.sync.engine.decide(FOLDER, decision) === true && decision === 'reject') memory.gone.clear()
}

/** A device leaves the group; what only it had leaves with it. */
function removeMember(run: Run, station: Station): void {
  if (run.stations.length < 3) return
  const { id, name } = station.device
  run.stations = run.stations.filter((each) => each !== station)
  station.device.kill({ power: false })
  const living = new Set(run.stations.flatMap(({ device }) => textsOf(device.hands.walk(ROOT))))
  for (const text of run.memory.kept) if (!living.has(text)) run.memory.kept.delete(text)
  for (const [text, by] of run.memory.gone) if (by === name) run.memory.gone.delete(text)
  admitAll(run)
  for (const { daemon } of run.stations) daemon?.sync.engine.forget([id])
}

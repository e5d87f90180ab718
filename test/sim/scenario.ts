/** What happens in a run: mostly edits, sometimes a fault of the network, of a machine, of a disk, or of a person. */

import { findSteps, undoStep } from '../../daemon/sync/undo.ts'
import { crashAtCall, failCall } from './disk.ts'
import { textsOf } from './judge.ts'
import { forgetUntold } from './knowledge.ts'
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
  [25, lieOrStop],
  [20, undo],
]
const WEIGHT = HAPPENINGS.reduce((sum, [weight]) => sum + weight, 0)
const CALLS_UNTIL_FAULT_MAX = 40
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

/** Its program is somebody's own: what it sends is often wrong, until an honest one takes its place. */
function lieOrStop(run: Run, station: Station): void {
  if (run.lies.liars.delete(station.device.id)) restart(run, station)
  else run.lies.liars.add(station.device.id)
}

/** A person takes the last step of the others back; the machine may die over it. */
function undo(run: Run, { daemon }: Station): void {
  const [held, folder] = [daemon?.sync.engine.get(FOLDER), daemon?.sync.engine.folder(FOLDER)]
  if (daemon === undefined || held === undefined || folder?.isScanned !== true) return
  run.isUndone = true
  run.memory.gone.clear()
  const ports = { transport: daemon.transport, clock: folder.deps.clock, self: daemon.device.id }
  const { signal } = new AbortController()
  const takeBack = async (): Promise<void> => {
    const [step] = (await findSteps(ports, held, folder, { signal })).steps
    if (step !== undefined) await undoStep(ports, held, folder, step, { isDryRun: false, signal })
    run.memory.gone.clear()
  }
  takeBack().catch((cause: unknown) => {
    // A disk that fails, or a device that goes away: the person is told. Anything else is a fault of the program.
    if (cause instanceof TypeError || cause instanceof RangeError) daemon.failure ??= cause
  })
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

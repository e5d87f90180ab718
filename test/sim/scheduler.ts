/**
 * Virtual time. Nothing in a simulation waits for the real world: a wait is an event here, and time jumps to the next event.
 *
 * One event fires a turn; the next turn begins when the microtask queue is empty. That is proven and not guessed: a
 * `process.nextTick` that is asked for from within a microtask runs only after all microtasks, those that they add included.
 * So whatever an event woke has come to its next wait, and every run of a seed takes the same turns.
 */

import { EventHeap } from './event-heap.ts'
import type { EventOwner, SimEvent } from './event-heap.ts'
import { createSimRandom } from './random.ts'
import type { SimRandom } from './random.ts'
import { createTrace } from './trace.ts'
import type { Trace } from './trace.ts'

export interface RunOptions {
  /** Asked before each event; true ends the run. Must be cheap, or be asked seldom: see `everyMs`. */
  readonly until?: () => boolean
  /** Ask `until` only when this many virtual milliseconds have passed since it was last asked. */
  readonly everyMs?: number
  /** Ends the run when this many virtual milliseconds have passed; the clock then stands exactly there. */
  readonly forMs?: number
  /** Turns after which the run is given up as endless. */
  readonly turnsMax?: number
}
/** `idle`: no event is left, so without a hand from outside nothing will ever happen again. */
export type RunEnd = 'until' | 'time' | 'idle'

export interface Scheduler {
  readonly random: SimRandom
  readonly trace: Trace
  nowUs(): number
  nowMs(): number
  /** Turns taken so far: what a run costs. */
  turns(): number
  /** Fires after a delay in microseconds, unless cancelled or the owner is dead by then. */
  after(delayUs: number, fire: () => void, owner?: EventOwner | null): SimEvent
  /** Puts an event back, at a later time. */
  postpone(event: SimEvent, timeUs: number): void
  /** Only one run at a time. @throws SimulationError when the turns run out, or whatever an event or `until` throws. */
  run(o?: RunOptions): Promise<RunEnd>
  /** Runs until a promise has settled. @throws SimulationError when it never will; else what it rejects with. */
  complete<T>(promise: Promise<T>, o?: { withinMs?: number }): Promise<T>
  /** From now on the run goes by itself whenever there are events: for tests that know nothing of simulated time. */
  runByItself(): void
}

export class SimulationError extends Error {
  override readonly name = 'SimulationError'
}

const TURNS_MAX = 5_000_000
/** Now and then the real event loop gets its turn, so that a test runner's timeout can stop an endless run. */
const TURNS_PER_BREATH = 20_000

export function createScheduler(seed: number | string, o: { keepsTrace?: boolean } = {}): Scheduler {
  const heap = new EventHeap()
  let [nowUs, order, turns, isRunning, runsByItself] = [0, 0, 0, false, false]
  const trace = createTrace(o.keepsTrace ?? false, () => nowUs)

  /** Fires the next live event that is due by then; false when there is none. */
  const fireNext = (latestUs: number): boolean => {
    for (let event = heap.peek(); event !== undefined && event.timeUs <= latestUs; event = heap.peek()) {
      heap.pop()
      if (event.isCancelled || event.owner?.state === 'dead') continue
      nowUs = event.timeUs
      if (event.owner !== null && !event.owner.admits(event)) continue
      turns += 1
      event.fire()
      return true
    }
    return false
  }
  const hasLiveEvent = (): boolean => {
    for (let event = heap.peek(); event !== undefined; event = heap.peek()) {
      if (!event.isCancelled && event.owner?.state !== 'dead') return true
      heap.pop()
    }
    return false
  }
  const run = (options: RunOptions = {}): Promise<RunEnd> => {
    if (isRunning) throw new SimulationError('the simulation is already running')
    isRunning = true
    const latestUs = options.forMs === undefined ? Infinity : nowUs + options.forMs * 1000
    const turnsLast = turns + (options.turnsMax ?? TURNS_MAX)
    let askUs = nowUs
    return inTurns(() => {
      if (options.until !== undefined && nowUs >= askUs) {
        askUs = nowUs + (options.everyMs ?? 0) * 1000
        if (options.until()) return 'until'
      }
      if (turns >= turnsLast) throw new SimulationError(`still busy after ${turns} turns, at ${nowUs / 1000} ms`)
      if (fireNext(latestUs)) return undefined
      if (options.until?.() === true) return 'until'
      const isIdle = !hasLiveEvent()
      if (latestUs !== Infinity) nowUs = latestUs
      return isIdle ? 'idle' : 'time'
    }).finally(() => (isRunning = false))
  }
  const wake = (): void => {
    if (!runsByItself || isRunning) return
    isRunning = true
    void inTurns(() => (fireNext(Infinity) ? undefined : 'idle')).finally(() => {
      isRunning = false
      if (hasLiveEvent()) wake()
    })
  }
  return {
    random: createSimRandom(String(seed)),
    trace,
    nowUs: () => nowUs,
    nowMs: () => nowUs / 1000,
    turns: () => turns,
    after(delayUs, fire, owner = null) {
      const timeUs = nowUs + Math.max(0, Math.round(delayUs))
      const event = { timeUs, order: order++, asleepUs: owner?.asleepUs() ?? 0, fire, owner, isCancelled: false }
      heap.push(event)
      wake()
      return event
    },
    postpone(event, timeUs) {
      event.timeUs = timeUs
      event.order = order++
      heap.push(event)
    },
    run,
    complete: (promise, limits = {}) => complete(promise, limits.withinMs, run),
    runByItself() {
      runsByItself = true
      wake()
    },
  }
}

/** Calls `turn` again and again, each time after everything that the last call woke has come to rest, until it has a value. */
function inTurns<T>(turn: () => T | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    let left = TURNS_PER_BREATH
    const once = (): void => {
      try {
        const value = turn()
        if (value !== undefined) resolve(value)
        else atRest()
      } catch (error) {
        reject(error instanceof Error ? error : new SimulationError(String(error)))
      }
    }
    const atRest = (): void => {
      left -= 1
      if (left > 0) queueMicrotask(() => process.nextTick(once))
      else {
        left = TURNS_PER_BREATH
        setImmediate(once)
      }
    }
    atRest()
  })
}

async function complete<T>(
  promise: Promise<T>,
  withinMs: number | undefined,
  run: (o: RunOptions) => Promise<RunEnd>,
): Promise<T> {
  let isSettled = false
  const settle = (): void => void (isSettled = true)
  promise.then(settle, settle)
  const end = await run({ until: () => isSettled, ...(withinMs === undefined ? {} : { forMs: withinMs }) })
  if (end === 'until') return await promise
  throw new SimulationError(end === 'idle' ? 'nothing is left that could settle it' : `not settled in ${withinMs} ms`)
}

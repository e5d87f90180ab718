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
  return new EventScheduler(seed, o.keepsTrace ?? false)
}

class EventScheduler implements Scheduler {
  readonly random: SimRandom
  readonly trace: Trace
  readonly #heap = new EventHeap()
  #nowUs = 0
  #order = 0
  #turns = 0
  #isRunning = false
  #runsByItself = false

  constructor(seed: number | string, keepsTrace: boolean) {
    this.random = createSimRandom(String(seed))
    this.trace = createTrace(keepsTrace, () => this.#nowUs)
  }

  nowUs(): number {
    return this.#nowUs
  }

  nowMs(): number {
    return this.#nowUs / 1000
  }

  turns(): number {
    return this.#turns
  }

  after(delayUs: number, fire: () => void, owner: EventOwner | null = null): SimEvent {
    const timeUs = this.#nowUs + Math.max(0, Math.round(delayUs))
    const event = { timeUs, order: this.#order++, asleepUs: owner?.asleepUs() ?? 0, fire, owner, isCancelled: false }
    this.#heap.push(event)
    this.#wake()
    return event
  }

  postpone(event: SimEvent, timeUs: number): void {
    event.timeUs = timeUs
    event.order = this.#order++
    this.#heap.push(event)
  }

  run(o: RunOptions = {}): Promise<RunEnd> {
    if (this.#isRunning) throw new SimulationError('the simulation is already running')
    this.#isRunning = true
    const latestUs = o.forMs === undefined ? Infinity : this.#nowUs + o.forMs * 1000
    const turnsLast = this.#turns + (o.turnsMax ?? TURNS_MAX)
    let askUs = this.#nowUs
    return inTurns(() => {
      if (o.until !== undefined && this.#nowUs >= askUs) {
        askUs = this.#nowUs + (o.everyMs ?? 0) * 1000
        if (o.until()) return 'until'
      }
      if (this.#turns >= turnsLast) {
        throw new SimulationError(`still busy after ${this.#turns} turns, at ${this.nowMs()} ms`)
      }
      return this.#fireNext(latestUs) ? undefined : this.#end(o, latestUs)
    }).finally(() => (this.#isRunning = false))
  }

  async complete<T>(promise: Promise<T>, { withinMs }: { withinMs?: number } = {}): Promise<T> {
    let isSettled = false
    const settle = (): void => void (isSettled = true)
    promise.then(settle, settle)
    const end = await this.run({ until: () => isSettled, ...(withinMs === undefined ? {} : { forMs: withinMs }) })
    if (end === 'until') return await promise
    throw new SimulationError(end === 'idle' ? 'nothing is left that could settle it' : `not settled in ${withinMs} ms`)
  }

  runByItself(): void {
    this.#runsByItself = true
    this.#wake()
  }

  #wake(): void {
    if (!this.#runsByItself || this.#isRunning || !this.#hasLiveEvent()) return
    this.#isRunning = true
    void inTurns(() => (this.#fireNext(Infinity) ? undefined : 'idle')).finally(() => {
      this.#isRunning = false
      this.#wake()
    })
  }

  /** What a run ends with that has fired all that was due. */
  #end(o: RunOptions, latestUs: number): RunEnd {
    if (o.until?.() === true) return 'until'
    if (latestUs !== Infinity) this.#nowUs = latestUs
    return this.#hasLiveEvent() ? 'time' : 'idle'
  }

  /** Fires the next live event that is due by then; false when there is none. */
  #fireNext(latestUs: number): boolean {
    const heap = this.#heap
    for (let event = heap.peek(); event !== undefined && event.timeUs <= latestUs; event = heap.peek()) {
      heap.pop()
      if (event.isCancelled || event.owner?.state === 'dead') continue
      this.#nowUs = event.timeUs
      if (event.owner !== null && !event.owner.admits(event)) continue
      this.#turns += 1
      event.fire()
      return true
    }
    return false
  }

  #hasLiveEvent(): boolean {
    for (let event = this.#heap.peek(); event !== undefined; event = this.#heap.peek()) {
      if (!event.isCancelled && event.owner?.state !== 'dead') return true
      this.#heap.pop()
    }
    return false
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

/**
 * One run of a program on a device, from its start to its end. Every wait of the program goes through its life, so that a
 * killed program stops where it stands: what it was waiting for never comes, and none of its code runs again.
 */

import type { EventOwner, SimEvent } from './event-heap.ts'
import type { Scheduler } from './scheduler.ts'

export class Life implements EventOwner {
  readonly name: string
  readonly scheduler: Scheduler
  #state: EventOwner['state'] = 'running'
  #suspendedUs = 0
  #asleepUs = 0
  readonly #deferred: SimEvent[] = []
  readonly #endings = new Set<() => void>()

  constructor(name: string, scheduler: Scheduler) {
    this.name = name
    this.scheduler = scheduler
  }

  get state(): EventOwner['state'] {
    return this.#state
  }

  asleepUs(): number {
    return this.#asleepUs + (this.#state === 'suspended' ? this.scheduler.nowUs() - this.#suspendedUs : 0)
  }

  /** Microseconds that the machine was awake, since the start of the run. */
  awakeUs(): number {
    return this.scheduler.nowUs() - this.asleepUs()
  }

  /** Fires after a delay of waking time; never once the life is over. */
  after(delayUs: number, fire: () => void): SimEvent {
    return this.scheduler.after(delayUs, fire, this)
  }

  /** A wait that nothing cancels. */
  pause(delayUs: number): Promise<void> {
    return new Promise((resolve) => void this.scheduler.after(delayUs, resolve, this))
  }

  /** Runs when the life ends, however it ends, unless what is returned was called before. */
  onceEnded(listener: () => void): () => void {
    this.#endings.add(listener)
    return () => this.#endings.delete(listener)
  }

  end(): void {
    if (this.#state === 'dead') return
    this.#state = 'dead'
    for (const listener of this.#endings) listener()
    this.#endings.clear()
    this.#deferred.length = 0
  }

  suspend(): void {
    if (this.#state !== 'running') return
    this.#state = 'suspended'
    this.#suspendedUs = this.scheduler.nowUs()
  }

  /** Every wait goes on where it stood: what was due during the sleep or after it comes as much later as the sleep was long. */
  resume(): void {
    if (this.#state !== 'suspended') return
    this.#asleepUs = this.asleepUs()
    this.#state = 'running'
    for (const event of this.#deferred.splice(0)) this.#shift(event)
  }

  admits(event: SimEvent): boolean {
    if (this.#state === 'suspended') this.#deferred.push(event)
    else if (event.asleepUs < this.#asleepUs) this.#shift(event)
    else return true
    return false
  }

  #shift(event: SimEvent): void {
    const timeUs = event.timeUs + this.#asleepUs - event.asleepUs
    event.asleepUs = this.#asleepUs
    this.scheduler.postpone(event, timeUs)
  }
}

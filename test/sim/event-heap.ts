/** What is going to happen: events by time, and by the order of their making where times are equal. */

/** Something that has its own events and may hold them back. */
export interface EventOwner {
  readonly state: 'running' | 'suspended' | 'dead'
  /** Microseconds that the owner has spent suspended. */
  asleepUs(): number
  /** Whether an event whose time has come may fire; when not, the owner has taken it and puts it back later. */
  admits(event: SimEvent): boolean
}

export interface SimEvent {
  /** Microseconds since the start of the run. */
  timeUs: number
  order: number
  /** The owner's `asleepUs` when the event was last given its time. */
  asleepUs: number
  readonly fire: () => void
  readonly owner: EventOwner | null
  isCancelled: boolean
}

/** A binary heap; cancelled events stay until they surface. */
export class EventHeap {
  readonly #events: SimEvent[] = []

  get size(): number {
    return this.#events.length
  }

  peek(): SimEvent | undefined {
    return this.#events[0]
  }

  push(event: SimEvent): void {
    const events = this.#events
    let at = events.length
    events.push(event)
    while (at > 0) {
      const up = (at - 1) >> 1
      const above = events[up]
      if (above === undefined || isBefore(above, event)) break
      events[at] = above
      at = up
    }
    events[at] = event
  }

  pop(): SimEvent | undefined {
    const events = this.#events
    const first = events[0]
    const last = events.pop()
    if (last !== undefined && events.length > 0) this.#sink(last)
    return first
  }

  #sink(event: SimEvent): void {
    const events = this.#events
    let at = 0
    for (;;) {
      let down = 2 * at + 1
      let below = events[down]
      const right = events[down + 1]
      if (below === undefined) break
      if (right !== undefined && isBefore(right, below)) [down, below] = [down + 1, right]
      if (isBefore(event, below)) break
      events[at] = below
      at = down
    }
    events[at] = event
  }
}

function isBefore(a: SimEvent, b: SimEvent): boolean {
  return a.timeUs < b.timeUs || (a.timeUs === b.timeUs && a.order < b.order)
}

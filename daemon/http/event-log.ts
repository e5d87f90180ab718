/** The newest events in a ring. Every reader has its own place in it, so that a slow one costs no memory and delays nobody. */

import type { Event, NewEvent } from '../../protocol/api/events.ts'
import type { Clock } from '../ports.ts'
import type { EventSource } from './service.ts'
import { ServiceError } from './service.ts'

/** Events that are kept: two megabytes, and a reader who comes back after a few seconds of the fastest pass misses none. */
const EVENTS_KEPT_MAX = 4096

export interface EventLog extends EventSource {
  /** Never waits and never fails. What takes time to tell is asked for when somebody first reads it. */
  publish(event: NewEvent | (() => NewEvent)): void
}

interface Kept {
  event: NewEvent | (() => NewEvent)
  readonly atMs: number
}

interface EventLogOptions {
  readonly clock: Pick<Clock, 'wallMs'>
  /** At least 1. */
  readonly keptMax?: number
}

/** Ids are `<start of this log, base 36>-<number from 1>`, so an id of an earlier run is known to be one. */
export function createEventLog({ clock, keptMax = EVENTS_KEPT_MAX }: EventLogOptions): EventLog {
  const run = Math.max(0, clock.wallMs()).toString(36)
  const ring: Kept[] = []
  const waiting = new Set<() => void>()
  let last = 0

  const idOf = (no: number): string => `${run}-${no}`
  const oldest = (): number => last - ring.length + 1
  /** The number of an id, or undefined where what followed it is no longer kept. */
  const placeOf = (id: string): number | undefined => {
    const [itsRun, text] = id.split('-')
    const no = Number(text)
    return itsRun === run && Number.isSafeInteger(no) && no <= last && no >= oldest() - 1 ? no : undefined
  }
  const eventNo = (no: number): Event | undefined => {
    const kept = no < oldest() ? undefined : ring[(no - 1) % keptMax]
    if (kept === undefined) return undefined
    if (typeof kept.event === 'function') kept.event = kept.event()
    return { ...kept.event, id: idOf(no), atMs: kept.atMs }
  }
  const slice = (from: number, limit: number): Event[] => {
    const events: Event[] = []
    for (let no = from; no <= last && events.length < limit; no++) {
      const event = eventNo(no)
      if (event !== undefined) events.push(event)
    }
    return events
  }
  const lost = (): Event => ({ id: idOf(oldest() - 1), atMs: clock.wallMs(), kind: 'events.lost' })

  async function* follow(id: string | undefined, { signal }: { signal: AbortSignal }): AsyncIterable<Event> {
    const place = id === undefined ? last : placeOf(id)
    let at = place ?? oldest() - 1
    if (place === undefined) yield lost()
    while (!signal.aborted) {
      if (at === last) {
        await nextEvent(waiting, signal)
        continue
      }
      const event = eventNo(++at)
      if (event === undefined)
        throw new ServiceError('too-slow', 'More events came than are kept for a reader that slow.')
      yield event
    }
  }

  return {
    publish: (event) => {
      last += 1
      ring[(last - 1) % keptMax] = { event, atMs: clock.wallMs() }
      for (const wake of waiting) wake()
      waiting.clear()
    },
    lastId: () => idOf(last),
    since: (id, limit) => {
      const place = id === undefined ? oldest() - 1 : placeOf(id)
      const events = slice((place ?? oldest() - 1) + 1, limit)
      return { events, next: events.at(-1)?.id ?? idOf(last), hasLost: place === undefined }
    },
    follow,
  }
}

/** Resolves when the next event is there, or the signal aborts. */
function nextEvent(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const wake = (): void => {
    signal.removeEventListener('abort', wake)
    waiting.delete(wake)
    resolve(undefined)
  }
  waiting.add(wake)
  signal.addEventListener('abort', wake)
  if (signal.aborted) wake()
  return promise
}

/** Pairs of directories for the HTTP API: a run as a stream of what happens in it. */

import type { PairEvent, PairOrder } from '../../protocol/api/pairs.ts'
import { PROBLEMS, isProblemCode } from '../../protocol/api/problem-codes.ts'
import type { PairService } from '../http/service.ts'
import { ServiceError } from '../http/service.ts'
import type { AbortOptions } from '../ports.ts'
import type { PairRun, ServiceParts } from './parts.ts'

/** Events that wait for a slow reader; beyond, only ends of runs are kept. */
const WAITING_MAX = 1000

export function createPairService(parts: Pick<ServiceParts, 'pairs' | 'deps'>): PairService {
  return { syncPair: (order, o) => openRun(parts, order, o) }
}

async function openRun(
  { pairs, deps }: Pick<ServiceParts, 'pairs' | 'deps'>,
  order: PairOrder,
  { signal }: AbortOptions,
): Promise<AsyncIterable<PairEvent>> {
  const events = new EventQueue()
  const over = new AbortController()
  const run = toRun(order, AbortSignal.any([signal, over.signal]), (event) => events.push(event))
  const ended = (order.watch && !order.dryRun ? pairs.watch(run) : pairs.run(run)).then(
    () => undefined,
    (cause: unknown) => (signal.aborted ? undefined : toServiceError(cause)),
  )
  // What is wrong before anything has happened is an answer, not a stream.
  const first = await Promise.race([ended.then((error) => ({ error })), events.some().then(() => undefined)])
  if (first?.error !== undefined) throw first.error
  void ended.then((error) => {
    if (error !== undefined) deps.log.event('pair.failed', { code: error.code, detail: error.message })
    if (error !== undefined) events.push(failure(error))
    events.end()
  })
  return events.read(() => over.abort(new Error('nobody reads what happens')))
}

function toRun(order: PairOrder, signal: AbortSignal, tell: (event: PairEvent) => void): PairRun {
  const { source, destination, mode, compare, onConflict, initial, force, include, exclude, ignore } = order
  return {
    ...{ source, destination, mode, compare, onConflict, initial, force, signal, tell },
    patterns: { include, exclude, ignore },
    isDryRun: order.dryRun,
    confirm: () => order.confirm,
  }
}

function toServiceError(cause: unknown): ServiceError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const message = cause instanceof Error ? cause.message : String(cause)
  return new ServiceError(isProblemCode(code) ? code : 'internal', message, { cause })
}

function failure({ code, message, nextStep }: ServiceError): PairEvent {
  return {
    kind: 'sync.failed',
    code,
    sentence: message,
    nextStep: nextStep === '' ? PROBLEMS[code].nextStep : nextStep,
  }
}

/** Between a run that does not wait and a reader that may be slow. */
class EventQueue {
  #waiting: PairEvent[] = []
  #isOver = false
  #wake: (() => void) | undefined

  push(event: PairEvent): void {
    const isEnd = event.kind === 'sync.done' || event.kind === 'sync.failed'
    if (this.#waiting.length >= WAITING_MAX && !isEnd) return
    if (this.#waiting.length >= WAITING_MAX * 2) this.#waiting.shift()
    this.#waiting.push(event)
    this.#wake?.()
  }

  end(): void {
    this.#isOver = true
    this.#wake?.()
  }

  /** Resolves when there is something to read, or nothing will come any more. */
  async some(): Promise<void> {
    while (this.#waiting.length === 0 && !this.#isOver) await new Promise<void>((resolve) => (this.#wake = resolve))
    this.#wake = undefined
  }

  /** @param onLeave called when the reader goes. */
  async *read(onLeave: () => void): AsyncIterable<PairEvent> {
    try {
      for (;;) {
        await this.some()
        const taken = this.#waiting
        this.#waiting = []
        yield* taken
        if (this.#isOver && this.#waiting.length === 0) return
      }
    } finally {
      onLeave()
    }
  }
}

/** Server-sent events (WHATWG HTML, 9.2) onto a response, no faster than its reader takes them. */

import type { ServerResponse } from 'node:http'
import { STREAM_HEARTBEAT_MS } from '../../protocol/api/constants.ts'
import { SAFE_HEADERS, toProblem } from './problem.ts'
import { ServiceError } from './service.ts'

/** How long a reader may take nothing at all before it is dropped. */
const STALL_MS = 30_000
/** How soon a client should come back. */
const RETRY_MS = 1000

export interface StreamItem {
  readonly id?: string
  /** The event's name; clients without one get `message`. */
  readonly name?: string
  /** Already encoded: JSON on one line. */
  readonly data: string
}

export interface StreamOptions {
  /** Ends the stream: the client has gone or the server stops. */
  readonly signal: AbortSignal
  /** What a client that reconnects before the first item should resume after. */
  readonly startId?: string | undefined
  readonly heartbeatMs?: number
  readonly stallMs?: number
}

/**
 * Writes items until they end or the signal aborts. At most one item waits here: the rest stays with its source, which is
 * bounded. A source that fails, and a reader that stalls, end the stream with an event `problem` that says why.
 */
export async function sendEventStream(
  response: ServerResponse,
  items: AsyncIterable<StreamItem>,
  options: StreamOptions,
): Promise<void> {
  const { signal, startId, heartbeatMs = STREAM_HEARTBEAT_MS, stallMs = STALL_MS } = options
  response.writeHead(200, { ...SAFE_HEADERS, 'content-type': 'text/event-stream; charset=utf-8' })
  response.write(`retry: ${RETRY_MS}\n${startId === undefined ? '' : `id: ${startId}\n`}\n`)
  const heartbeat = setInterval(() => {
    if (!response.writableNeedDrain) response.write(': still here\n\n')
  }, heartbeatMs)
  try {
    for await (const item of items) {
      if (signal.aborted) break
      if (!response.write(encodeItem(item))) await drained(response, signal, stallMs)
    }
  } catch (error) {
    if (!signal.aborted) response.write(encodeItem({ name: 'problem', data: JSON.stringify(toProblem(error)) }))
    throw error
  } finally {
    clearInterval(heartbeat)
    endOrDestroy(response, stallMs)
  }
}

export function encodeItem({ id, name, data }: StreamItem): string {
  const head = `${id === undefined ? '' : `id: ${id}\n`}${name === undefined ? '' : `event: ${name}\n`}`
  return `${head}data: ${data}\n\n`
}

/** Resolves when the response takes more, or the signal aborts. @throws ServiceError `too-slow` after `stallMs` */
function drained(response: ServerResponse, signal: AbortSignal, stallMs: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => {
    reject(new ServiceError('too-slow', `Nothing was read from the stream for ${stallMs / 1000} seconds.`))
  }, stallMs)
  const done = (): void => {
    resolve(undefined)
  }
  response.once('drain', done)
  response.once('close', done)
  signal.addEventListener('abort', done)
  return promise.finally(() => {
    clearTimeout(timer)
    response.off('drain', done)
    response.off('close', done)
    signal.removeEventListener('abort', done)
  })
}

/** Ends what was written; a reader that does not take even that loses the connection. */
function endOrDestroy(response: ServerResponse, stallMs: number): void {
  response.end()
  if (!response.writableNeedDrain && response.writableLength === 0) return
  const timer = setTimeout(() => response.destroy(), stallMs)
  timer.unref()
  response.once('close', () => {
    clearTimeout(timer)
  })
}

/** Hangs every operation of `ROUTES` into Fastify, with the schemas that validate it and describe it. */

import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema, HTTPMethods } from 'fastify'
import { z } from 'zod'
import { API_PREFIX } from '../../protocol/api/constants.ts'
import type { Operation, OperationRequest } from '../../protocol/api/operations.ts'
import { OPERATIONS } from '../../protocol/api/operations.ts'
import { zProblem } from '../../protocol/api/problems.ts'
import type { OperationId, Route } from '../../protocol/api/routes.ts'
import { ROUTES } from '../../protocol/api/routes.ts'
import type { Log } from '../ports.ts'
import type { StreamItem } from './event-stream.ts'
import { sendEventStream } from './event-stream.ts'
import type {
  EventStreamId,
  Handlers,
  JsonHandler,
  JsonId,
  NdjsonId,
  RequestContext,
  StreamHandler,
} from './handlers.ts'
import { PROBLEM_TYPE } from './problem.ts'
import { ServiceError } from './service.ts'

/** Streams that may be open at once: a person has a few windows, not a hundred. */
const STREAMS_MAX = 64

export interface RegisterOptions {
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal
  readonly log: Log
  /** Whether a request came over TCP. */
  readonly isOverTcp: (request: IncomingMessage) => boolean
}

export function registerOperations(app: FastifyInstance, handlers: Handlers, options: RegisterOptions): void {
  const register = { app, ...options, streams: createStreamCount() }
  for (const id of keysOf(handlers.json)) addJson(register, id, handlers.json[id])
  for (const id of keysOf(handlers.eventStreams)) addEventStream(register, id, handlers.eventStreams[id])
  for (const id of keysOf(handlers.ndjson)) addNdjson(register, id, handlers.ndjson[id])
}

interface Register extends RegisterOptions {
  readonly app: FastifyInstance
  readonly streams: StreamCount
}

function addJson<K extends JsonId>(register: Register, id: K, handle: JsonHandler<K>): void {
  const { app, stopping, isOverTcp } = register
  const operation: Operation = OPERATIONS[id]
  const { door }: Route = ROUTES[id]
  addRoute(app, id, 'application/json', async (request, reply) => {
    if (door === 'socket' && isOverTcp(request.raw))
      throw new ServiceError('socket-only', 'The recovery words do not travel over TCP.')
    const answer = await handle(requestOf<K>(request), contextOf(request, reply, stopping))
    await reply.code(operation.status).type('application/json').send(answer)
  })
}

function addEventStream<K extends EventStreamId>(
  { app, stopping, streams, log }: Register,
  id: K,
  handle: StreamHandler<K>,
): void {
  const operation: Operation = OPERATIONS[id]
  addRoute(app, id, 'text/event-stream', async (request, reply) => {
    using _place = streams.enter()
    const context = contextOf(request, reply, stopping)
    const { items, startId } = await handle(requestOf<K>(request), context)
    reply.hijack()
    try {
      await sendEventStream(reply.raw, toStreamItems(items, operation.response), { signal: context.signal, startId })
    } catch (error) {
      log.event('http.stream-failed', { operation: id, reason: error instanceof Error ? error.message : String(error) })
    }
  })
}

async function* toStreamItems(items: AsyncIterable<unknown>, schema: z.ZodType): AsyncIterable<StreamItem> {
  for await (const item of items) {
    const value = z.encode(schema, item)
    yield { ...nameOf(value), data: JSON.stringify(value) }
  }
}

/** Events bring their id and their kind; states of a pairing and log records have neither. */
function nameOf(value: unknown): { id?: string; name?: string } {
  if (typeof value !== 'object' || value === null || !('kind' in value && 'id' in value)) return {}
  return { id: String(value.id), name: String(value.kind) }
}

function addNdjson<K extends NdjsonId>({ app, stopping, streams }: Register, id: K, handle: StreamHandler<K>): void {
  const operation: Operation = OPERATIONS[id]
  addRoute(app, id, 'application/x-ndjson', async (request, reply) => {
    const place = streams.enter()
    reply.raw.once('close', () => {
      place[Symbol.dispose]()
    })
    const { items } = await handle(requestOf<K>(request), contextOf(request, reply, stopping))
    await reply.type('application/x-ndjson').send(Readable.from(toLines(items, operation.response)))
  })
}

async function* toLines(items: AsyncIterable<unknown>, schema: z.ZodType): AsyncIterable<string> {
  for await (const item of items) yield `${JSON.stringify(z.encode(schema, item))}\n`
}

type Handle = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

function addRoute(app: FastifyInstance, id: OperationId, type: string, handler: Handle): void {
  const { method, path, summary }: Route = ROUTES[id]
  const { params, query, body, response, status }: Operation = OPERATIONS[id]
  const schema: FastifySchema = {
    operationId: id,
    summary,
    tags: [path.split('/')[1] ?? 'daemon'],
    params,
    querystring: query,
    ...(body instanceof z.ZodObject && { body }),
    response: {
      [status]: { description: 'What was asked for', content: { [type]: { schema: response } } },
      default: { description: 'A problem', content: { [PROBLEM_TYPE]: { schema: zProblem } } },
    },
  }
  const url = `${API_PREFIX}${path.replaceAll(/\{(\w+)\}/g, ':$1')}`
  app.route({ method: method satisfies HTTPMethods, url, schema, handler })
}

/** The validator has just replaced these parts by what the operation's schemas made of them. */
function requestOf<K extends OperationId>({ params, query, body }: FastifyRequest): OperationRequest<K> {
  return { params, query, body } as OperationRequest<K>
}

function contextOf(request: FastifyRequest, reply: FastifyReply, stopping: AbortSignal): RequestContext {
  const over = new AbortController()
  const stop = (): void => {
    over.abort(stopping.reason)
  }
  stopping.addEventListener('abort', stop)
  reply.raw.once('close', () => {
    stopping.removeEventListener('abort', stop)
    over.abort(new Error('the client has gone'))
  })
  const lastEventId = request.headers['last-event-id']
  return {
    signal: over.signal,
    lastEventId: typeof lastEventId === 'string' && lastEventId !== '' ? lastEventId : undefined,
  }
}

interface StreamCount {
  /** @throws ServiceError `busy` */
  enter(): Disposable
}

function createStreamCount(): StreamCount {
  let open = 0
  return {
    enter: () => {
      if (open >= STREAMS_MAX) throw new ServiceError('busy', `There are already ${STREAMS_MAX} open streams.`)
      open += 1
      let isOpen = true
      return {
        [Symbol.dispose]: () => {
          if (isOpen) open -= 1
          isOpen = false
        },
      }
    },
  }
}

function keysOf<T extends object>(record: T): (keyof T & string)[] {
  return Object.keys(record) as (keyof T & string)[]
}

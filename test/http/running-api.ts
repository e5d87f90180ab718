/** The real server on a fake engine, in a directory of its own, and a client that says exactly what a test wants said. */

import { rm } from 'node:fs/promises'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { API_PREFIX } from '../../protocol/api/constants.ts'
import type { HttpOptions, HttpServer } from '../../daemon/http/server.ts'
import { startHttp } from '../../daemon/http/server.ts'
import { makeTemporaryDirectory } from '../temporary.ts'
import type { FakeService } from './fake-service.ts'
import { createFakeService } from './fake-service.ts'

export const TOKEN = '5a'.repeat(32)
/** Nothing here takes a second; a test that waits this long has failed. */
const DEADLINE_MS = 8000

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly body: Record<string, unknown>
}

export interface Said {
  readonly method?: string
  /** Below `/api/v1`. */
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: unknown
  readonly signal?: AbortSignal
}

export interface RunningApi extends AsyncDisposable {
  readonly server: HttpServer
  readonly service: FakeService
  /** Names of what was logged. */
  readonly logged: string[]
  /** Over the unix socket. */
  call(said: Said): Promise<Answer>
  /** Over TCP, with the token unless other headers are given. */
  callTcp(said: Said): Promise<Answer>
  /** The answer as it begins, over the unix socket. */
  open(said: Said): Promise<IncomingMessage>
}

export async function runApi(over: Partial<HttpOptions> = {}): Promise<RunningApi> {
  await using owned = new AsyncDisposableStack()
  const directory = makeTemporaryDirectory('http')
  owned.defer(() => rm(directory, { recursive: true, force: true }))
  const service = createFakeService()
  const logged: string[] = []
  const server = await startHttp({
    service,
    token: TOKEN,
    socketPath: join(directory, 'run', 'api.sock'),
    tcp: { port: 0, isExplicit: true },
    log: { event: (name) => void logged.push(name) },
    ...over,
  })
  owned.use(server)
  const ends = owned.move()
  const open = (said: Said) => send({ socketPath: server.socketPath }, said)
  return {
    server,
    service,
    logged,
    open,
    call: async (said) => toAnswer(await open(said)),
    callTcp: async (said) => {
      const headers = said.headers ?? { authorization: `Bearer ${TOKEN}` }
      const [host, port] = (server.tcpAddress ?? '').split(':')
      return toAnswer(await send({ host, port }, { ...said, headers }))
    },
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  }
}

interface Door {
  readonly socketPath?: string
  readonly host?: string | undefined
  readonly port?: string | undefined
}

export function send(door: Door, { method = 'GET', path, headers = {}, body, signal }: Said): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  const request = httpRequest({
    ...door,
    method,
    path: `${API_PREFIX}${path}`,
    headers: { ...type, ...headers },
    agent: false,
    signal: AbortSignal.any([AbortSignal.timeout(DEADLINE_MS), ...(signal === undefined ? [] : [signal])]),
  })
  request.once('response', resolve)
  request.once('error', reject)
  request.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body))
  return promise
}

export async function toAnswer(response: IncomingMessage): Promise<Answer> {
  const whole = await text(response)
  const isJson = /json$|json;/.test(response.headers['content-type'] ?? '') && !whole.trim().includes('\n')
  const parsed: unknown = isJson ? JSON.parse(whole) : {}
  const body = typeof parsed === 'object' && parsed !== null ? { ...parsed } : {}
  return { status: response.statusCode ?? 0, headers: response.headers, text: whole, body }
}

export interface SseEvent {
  readonly id: string | undefined
  readonly event: string | undefined
  readonly data: Record<string, unknown>
}

/** Server-sent events as a browser reads them. Comments and blocks without data are left out. */
export async function* readEvents(response: IncomingMessage): AsyncGenerator<SseEvent, undefined> {
  let rest = ''
  let id: string | undefined
  response.setEncoding('utf8')
  for await (const piece of response) {
    const blocks = (rest + String(piece)).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => splitField(line)))
      id = fields.get('id') ?? id
      const data = fields.get('data')
      if (data === undefined) continue
      const value: unknown = JSON.parse(data)
      yield { id, event: fields.get('event'), data: typeof value === 'object' ? { ...value } : {} }
    }
  }
}

function splitField(line: string): readonly [string, string] {
  const colon = line.indexOf(': ')
  return [line.slice(0, colon), line.slice(colon + 2)]
}

/** The first `count` of what a stream gives; the connection ends then. */
export async function take<T>(items: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = []
  for await (const item of items) {
    taken.push(item)
    if (taken.length === count) break
  }
  return taken
}

/** The daemon of a home, spoken to by its socket: requests as `ROUTES` says, problems as `CliError`. */

import type { IncomingMessage } from 'node:http'
import { request as httpRequest } from 'node:http'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { API_PREFIX, EXIT } from '../protocol/api/constants.ts'
import type { OperationArguments, OperationResponse } from '../protocol/api/operations.ts'
import type { ProblemKind } from '../protocol/api/problem-codes.ts'
import { PROBLEMS, isProblemCode } from '../protocol/api/problem-codes.ts'
import type { Problem } from '../protocol/api/problems.ts'
import type { OperationId, Route } from '../protocol/api/routes.ts'
import { ROUTES } from '../protocol/api/routes.ts'
import { CUT_OFF, CliError, cutOff, notRunning } from './cli-error.ts'
import { readStream } from './event-stream-reader.ts'
import type { Home } from './home.ts'
import { checkSocketOwner } from './home.ts'

type Answered<A> = { [K in OperationId]: (typeof ROUTES)[K]['answer'] extends A ? K : never }[OperationId]
export type JsonId = Answered<'json'>
export type StreamId = Answered<'event-stream' | 'ndjson'>

type Needed<A> = {
  [P in keyof A]: undefined extends A[P] ? never : Record<string, never> extends A[P] ? never : P
}[keyof A]
/** Parts of a request that have no field, or only fields with defaults, may be left out. */
export type CallArguments<K extends OperationId> = Partial<OperationArguments<K>> &
  Pick<OperationArguments<K>, Needed<OperationArguments<K>>>

export interface CallOptions {
  readonly signal: AbortSignal
}

/** Every method throws CliError: the daemon's problem, or `daemonNotRunning`. */
export interface Client {
  call<K extends JsonId>(id: K, said: CallArguments<K>, o: CallOptions): Promise<OperationResponse<K>>
  /** Ends when the daemon ends it. */
  stream<K extends StreamId>(id: K, said: CallArguments<K>, o: CallOptions): AsyncIterable<OperationResponse<K>>
}

export function createClient(home: Home): Client {
  return {
    call: async <K extends JsonId>(id: K, said: CallArguments<K>, o: CallOptions) =>
      parseAnswer<K>(await text(await send(home, id, said, o))),
    stream: (id, said, o) => openStream(home, id, said, o),
  }
}

async function* openStream<K extends StreamId>(
  home: Home,
  id: K,
  said: Said,
  o: CallOptions,
): AsyncIterable<OperationResponse<K>> {
  const route: Route = ROUTES[id]
  const response = await send(home, id, said, o)
  const items = route.answer === 'ndjson' ? readLines(response) : readData(response)
  try {
    for await (const item of items) yield parseAnswer<K>(item)
  } catch (cause) {
    if (cause instanceof CliError || o.signal.aborted) throw cause
    throw new CliError(EXIT.daemonNotRunning, 'The daemon has gone.', { nextStep: 'Start it: holt start', cause })
  }
}

async function* readData(response: IncomingMessage): AsyncIterable<string> {
  for await (const { name, data } of readStream(response)) {
    if (name === 'problem') throw toCliError(parseProblem(data))
    yield data
  }
}

async function* readLines(response: Readable): AsyncIterable<string> {
  let rest = ''
  response.setEncoding('utf8')
  for await (const piece of response) {
    const lines = (rest + String(piece)).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

interface Said {
  readonly params?: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: unknown
}

async function send(home: Home, id: OperationId, { params, query, body }: Said, o: CallOptions) {
  checkSocketOwner(home)
  const { method, path }: Route = ROUTES[id]
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const request = httpRequest({
    socketPath: home.socketPath,
    method,
    path: `${API_PREFIX}${fill(path, params)}${encodeQuery(query)}`,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    agent: false,
    signal: o.signal,
  })
  request.once('response', resolve)
  request.once('error', (error) => {
    reject(toConnectError(error, home))
  })
  request.end(body === undefined ? undefined : JSON.stringify(body))
  const response = await promise
  if ((response.statusCode ?? 0) >= 400) throw toCliError(parseProblem(await text(response)))
  return response
}

function fill(path: string, params: Said['params'] = {}): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])))
}

function encodeQuery(query: Said['query'] = {}): string {
  const fields = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) if (value !== undefined) fields.set(key, String(value))
  return fields.size === 0 ? '' : `?${String(fields)}`
}

/** Undefined code: the daemon is of this user and of this version, so what it says has the shape that the contract gives it. */
function parseAnswer<K extends OperationId>(json: string): OperationResponse<K> {
  return JSON.parse(json) as OperationResponse<K>
}

function parseProblem(json: string): Problem | undefined {
  try {
    const value: unknown = JSON.parse(json)
    const isProblem = typeof value === 'object' && value !== null && 'code' in value && 'detail' in value
    return isProblem ? (value as Problem) : undefined
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined
    throw cause
  }
}

function toCliError(problem: Problem | undefined): CliError {
  if (problem === undefined)
    return new CliError(EXIT.failed, 'The daemon answered what this version does not understand.')
  const { code, detail, nextStep } = problem
  const kind: ProblemKind | undefined = isProblemCode(code) ? PROBLEMS[code] : undefined
  return new CliError(kind?.exit ?? EXIT.failed, detail, { nextStep, problem: code })
}

/** What a socket without a listener says, on Linux, macOS and Windows. */
const NOBODY = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'])

function toConnectError(error: Error, { socketPath }: Home): Error {
  const code = 'code' in error ? String(error.code) : ''
  if (NOBODY.has(code)) return notRunning(error)
  if (CUT_OFF.has(code)) return cutOff(error)
  if (code === 'EACCES' || code === 'EPERM') {
    const nextStep = 'Run holt as the user who started the daemon.'
    return new CliError(EXIT.refused, `The daemon's socket ${socketPath} may not be used.`, { nextStep, cause: error })
  }
  return error
}

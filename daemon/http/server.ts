/** The HTTP server: one application behind two doors. Who comes by the socket is this user; who comes by TCP must prove it. */

import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Log } from '../ports.ts'
import { createApp } from './app.ts'
import type { Guard } from './guard.ts'
import { createGuard } from './guard.ts'
import { listenSocket } from './listen-socket.ts'
import type { TcpPlace } from './listen-tcp.ts'
import { listenTcp } from './listen-tcp.ts'
import { toProblem, writeProblem } from './problem.ts'
import type { HoltService } from './service.ts'

/** Hex of 256 bits. */
const TOKEN_PATTERN = /^[0-9a-f]{64}$/
/** Connections of one door; any local user can open some of the TCP one. */
const CONNECTIONS_MAX = 256
/** How long a client may take to say what it wants, head and body. */
const REQUEST_MS = 30_000
const HEADERS_MS = 10_000
/** How long answers that are under way may take when the server stops. */
const STOP_GRACE_MS = 2000

export interface HttpOptions {
  readonly service: HoltService
  /** 256 random bits in hex. Needed over TCP only. */
  readonly token: string
  /** As `socketPathFor` gives it. */
  readonly socketPath: string
  readonly tcp: TcpPlace | 'off'
  readonly log: Log
}

export interface HttpServer extends AsyncDisposable {
  readonly socketPath: string
  /** `127.0.0.1:PORT`, where TCP is not off. */
  readonly tcpAddress?: string
}

/**
 * Resolves when both doors are open. Disposing ends every stream, lets answers finish for two seconds, and removes the socket.
 * @throws HttpError `second-daemon`, `port-taken`, `not-loopback`, `socket-unusable`; nothing listens then
 */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const { service, token, socketPath, tcp, log } = options
  if (!TOKEN_PATTERN.test(token)) throw new RangeError('a token is 256 bits in hex')
  await using opened = new AsyncDisposableStack()
  const stopping = new AbortController()
  let tcpAddress: string | undefined
  const listening = () => ({ socketPath, tcpAddress, token })
  const { version } = await service.daemon()
  const overTcp = new WeakSet<IncomingMessage>()
  const isOverTcp = (request: IncomingMessage): boolean => overTcp.has(request)
  const app = await createApp({ service, listening, version, log, isOverTcp, stopping: stopping.signal })
  opened.defer(() => app.close())

  const doors: Server[] = []
  opened.defer(async () => {
    stopping.abort(new Error('the server stops'))
    await Promise.all(doors.map(closeDoor))
  })
  const openDoor = (listener: RequestListener): Server => {
    const door = createDoor(listener)
    doors.push(door)
    return door
  }
  const socketDoor = openDoor((request, response) => {
    app.routing(request, response)
  })
  await listenSocket(socketDoor, socketPath)
  if (tcp !== 'off') tcpAddress = await listenTcp(openDoor(guarded(app, createGuard(token), overTcp)), tcp)
  for (const door of doors) door.on('error', (error) => log.event('http.accept-failed', { reason: error.message }))
  log.event('http.listening', { socketPath, tcpAddress: tcpAddress ?? null })
  const owned = opened.move()
  return {
    socketPath,
    ...(tcpAddress !== undefined && { tcpAddress }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function guarded(app: FastifyInstance, guard: Guard, passed: WeakSet<IncomingMessage>): RequestListener {
  return (request, response) => {
    passed.add(request)
    const refusal = guard(request.headers)
    if (refusal === undefined) app.routing(request, response)
    else writeProblem(response, toProblem(refusal))
  }
}

function createDoor(listener: RequestListener): Server {
  const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: HEADERS_MS }, listener)
  server.maxConnections = CONNECTIONS_MAX
  return server
}

/** Resolves when the last connection has ended, or was ended after the grace; at once where it never listened. */
async function closeDoor(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  server.close(() => {
    resolve(undefined)
  })
  const timer = setTimeout(() => {
    server.closeAllConnections()
  }, STOP_GRACE_MS)
  await promise
  clearTimeout(timer)
}

/** A home with a fake engine behind the real server, the command line as a process against it, and what it asked for. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer, request as httpRequest } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { findCommand } from '../../cli/commands.ts'
import { API_PREFIX } from '../../protocol/api/constants.ts'
import type { Route } from '../../protocol/api/routes.ts'
import { ROUTES } from '../../protocol/api/routes.ts'
import { socketPathFor } from '../../protocol/api/socket-path.ts'
import { startHttp } from '../../daemon/http/server.ts'
import { COMPILE_CACHE } from '../compile-cache.ts'
import type { FakeService } from '../http/fake-service.ts'
import { createFakeService } from '../http/fake-service.ts'
import { makeTemporaryDirectory } from '../temporary.ts'

export const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
export const TOKEN = '5a'.repeat(32)
/** No command here takes a second on a quiet machine; one that takes this long hangs. */
export const DEADLINE_MS = 20_000

/** For the environment of a fake daemon: it ends with this process. */
export const OWNED = { FAKE_DAEMON_OWNER: String(process.pid) }

export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly stdin?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly workingDirectory?: string
  readonly main?: string
}

export interface FakeHome extends AsyncDisposable {
  readonly path: string
  readonly service: FakeService
  /** Operation ids, in the order in which they were asked for. */
  readonly asked: string[]
  readonly tcpAddress: string
  run(words: readonly string[], options?: RunOptions): Promise<Ran>
}

export async function openFakeHome(over: (fake: FakeService) => Partial<FakeService> = () => ({})): Promise<FakeHome> {
  const path = makeTemporaryDirectory('cli')
  const fake = createFakeService()
  const service = { ...fake, ...over(fake) }
  const behind = join(path, 'behind', 'api.sock')
  const server = await startHttp({
    service,
    token: TOKEN,
    socketPath: behind,
    tcp: { port: 0, isExplicit: true },
    log: { event: () => undefined },
  })
  const asked: string[] = []
  const listener = createRecorder(behind, asked)
  const door = await listen(listener, socketPathFor({ home: path, runtimeDir: tmpdir(), platform: process.platform }))
  return {
    path,
    service,
    asked,
    tcpAddress: server.tcpAddress ?? '',
    run: async (words, options = {}) => {
      const before = asked.length
      const ran = await runHolt(path, words, options)
      assertDeclared(words, asked.slice(before))
      return ran
    },
    [Symbol.asyncDispose]: async () => {
      door.closeAllConnections()
      door.close()
      await server[Symbol.asyncDispose]()
      await rm(path, { recursive: true, force: true })
    },
  }
}

/** A command asks for nothing but what it says that it may ask for, and what it says stands in the page. */
export function assertDeclared(words: readonly string[], asked: readonly string[]): void {
  const declared: readonly string[] = findCommand(words)?.command.operations ?? []
  for (const id of asked) assert.ok(declared.includes(id), `holt ${words.join(' ')} asks for ${id}`)
}

/** A process to its end. */
export async function runHolt(home: string, words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawnHolt(home, words, options)
  child.stdin.end(options.stdin ?? '')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve))
  return { status: child.exitCode, stdout, stderr }
}

export function spawnHolt(
  home: string,
  words: readonly string[],
  options: RunOptions = {},
): ChildProcessWithoutNullStreams {
  const { environment = {}, workingDirectory, main = MAIN } = options
  return spawn(process.execPath, [main, ...words], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: DEADLINE_MS,
    ...(workingDirectory !== undefined && { cwd: workingDirectory }),
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      TZ: 'UTC',
      HOLT_HOME: home,
      NODE_COMPILE_CACHE: COMPILE_CACHE,
      ...OWNED,
      ...environment,
    },
  })
}

/** What a process says first. @throws Error when it ends, or time is up, before it has said anything */
export async function firstWords(child: ChildProcessWithoutNullStreams): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  child.stdout.once('data', (piece: Buffer) => {
    resolve(piece.toString())
  })
  child.once('close', () => {
    reject(new Error(`it ended with ${String(child.exitCode)} and said nothing`))
  })
  return await promise
}

async function listen(listener: RequestListener, path: string): Promise<Server> {
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 })
  const server = createServer(listener)
  const { promise, resolve } = Promise.withResolvers<undefined>()
  server.listen(path, () => {
    resolve(undefined)
  })
  await promise
  return server
}

/** Passes everything on, and notes which operation it was. */
function createRecorder(socketPath: string, asked: string[]): RequestListener {
  return (request, response) => {
    asked.push(operationOf(request.method ?? '', request.url ?? ''))
    const onward = httpRequest(
      { socketPath, method: request.method, path: request.url, headers: request.headers, agent: false },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        response.flushHeaders()
        answer.pipe(response)
      },
    )
    onward.once('error', () => response.destroy())
    response.once('close', () => onward.destroy())
    request.pipe(onward)
  }
}

function operationOf(method: string, url: string): string {
  const path = (url.split('?')[0] ?? '').slice(API_PREFIX.length)
  const found = Object.entries<Route>(ROUTES).find(([, route]) => route.method === method && matches(route.path, path))
  return found?.[0] ?? `${method} ${path}`
}

function matches(pattern: string, path: string): boolean {
  return new RegExp(`^${pattern.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path)
}

/** One device of Holt: the built daemon with default settings, asked over its socket, driven by the built command line. */

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { API_PREFIX } from '../../protocol/api/constants.ts'
import type { Daemon } from '../../protocol/api/daemon.ts'
import type { DeviceList } from '../../protocol/api/devices.ts'
import type { Event } from '../../protocol/api/events.ts'
import type { Folder } from '../../protocol/api/folders.ts'
import { runtimeDirFor } from '../../protocol/api/home-path.ts'
import type { Method } from '../../protocol/api/routes.ts'
import { socketPathFor } from '../../protocol/api/socket-path.ts'
import { until } from '../waiting.ts'

const DIST = fileURLToPath(new URL('../../dist', import.meta.url))
const CLI = join(DIST, 'cli/main.js')
const FOLDER = 'Bench'
const POLL_MS = 5

export interface HoltSideOptions {
  /** Beside the defaults. */
  readonly environment?: NodeJS.ProcessEnv
  /** What is put in front of each program, such as `ip netns exec NAME`. */
  readonly prefix?: readonly string[]
}

export class HoltSide {
  readonly home: string
  readonly root: string
  readonly #o: HoltSideOptions
  #environment: NodeJS.ProcessEnv
  #daemon: ChildProcess | undefined

  constructor(directory: string, o: HoltSideOptions = {}) {
    this.home = join(directory, 'home')
    this.root = join(directory, 'files')
    this.#o = o
    this.#environment = { ...process.env, HOLT_HOME: this.home, ...o.environment }
    mkdirSync(this.root, { recursive: true })
  }

  get pid(): number {
    return this.#daemon?.pid ?? 0
  }

  /** For the starts to come. */
  setEnvironment(more: NodeJS.ProcessEnv): void {
    this.#environment = { ...this.#environment, ...more }
  }

  /** Spawns the daemon; it does not answer yet. */
  spawn(): void {
    this.#daemon = this.#run([join(DIST, 'daemon/main.js')], 'ignore')
  }

  async start(): Promise<void> {
    this.spawn()
    await this.answers()
  }

  async answers(): Promise<void> {
    await until(async () => (await this.get<Daemon>('/daemon').catch(() => undefined)) !== undefined, {
      what: 'the API answers',
      everyMs: POLL_MS,
    })
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const daemon = this.#daemon
    this.#daemon = undefined
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return
    daemon.kill(signal)
    await once(daemon, 'exit')
  }

  /** Runs a command to its end. @throws Error with what it said unless it ends with 0, or 6 */
  async holt(...words: string[]): Promise<string> {
    const child = this.#run([CLI, ...words], 'pipe')
    const said = child.stdout === null || child.stderr === null ? [] : [text(child.stdout), text(child.stderr)]
    const [[status], out, err] = await Promise.all([once(child, 'close') as Promise<[number | null]>, ...said])
    if (status !== 0) throw new Error(`holt ${words.join(' ')} ended with ${status}: ${out}${err}`)
    return out ?? ''
  }

  /** Shows a pairing code; the other device has it when `use` resolves. */
  async withPairingCode(use: (code: string) => Promise<void>): Promise<void> {
    const showing = this.#run([CLI, 'pair'], 'pipe')
    let shown = ''
    for await (const bytes of showing.stdout ?? []) {
      shown += String(bytes)
      if (shown.includes('\n')) break
    }
    await use(shown.split('\n')[0] ?? '')
    if (showing.exitCode === null) await once(showing, 'close')
  }

  folder(): Promise<Folder> {
    return this.get<Folder>(`/folders/${FOLDER}`)
  }

  /** Whether a session with the other device is open. */
  async isConnected(): Promise<boolean> {
    const { devices } = await this.get<DeviceList>('/devices')
    return devices.some(({ isSelf, isOnline }) => !isSelf && isOnline)
  }

  /** The TCP port where other devices reach it. */
  async port(): Promise<number> {
    const { addresses } = await this.get<Daemon>('/daemon')
    return Number(/\/tcp\/(\d+)/.exec(addresses[0] ?? '')?.[1] ?? 0)
  }

  /** @throws Error with the answer unless it is one of success */
  async get<T>(path: string): Promise<T> {
    const answer = await this.#ask('GET', path)
    const body = await text(answer)
    if (answer.statusCode !== 200) throw new Error(`${path}: ${body}`)
    return JSON.parse(body) as T
  }

  /** The status of the answer, once it is there whole. */
  async post(path: string): Promise<number> {
    const answer = await this.#ask('POST', path)
    await text(answer)
    return answer.statusCode ?? 0
  }

  /** Calls for each event from now on, until the signal aborts or the daemon ends. */
  async follow(onEvent: (event: Event) => void, signal: AbortSignal): Promise<void> {
    const answer = await this.#ask('GET', '/events/stream', signal)
    void readEvents(answer, onEvent).catch(() => undefined)
  }

  async #ask(method: Method, path: string, signal?: AbortSignal): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const runtimeDir = runtimeDirFor(this.#environment, tmpdir())
    const socketPath = socketPathFor({ home: this.home, runtimeDir, platform: process.platform })
    const options = { socketPath, method, path: `${API_PREFIX}${path}`, agent: false } as const
    request(signal === undefined ? options : { ...options, signal }, resolve)
      .on('error', reject)
      .end()
    return await promise
  }

  #run(words: readonly string[], output: 'ignore' | 'pipe'): ChildProcess {
    const [program = process.execPath, ...rest] = [...(this.#o.prefix ?? []), process.execPath, ...words]
    return spawn(program, rest, { env: this.#environment, stdio: ['ignore', output, output] })
  }
}

async function readEvents(answer: IncomingMessage, onEvent: (event: Event) => void): Promise<void> {
  let left = ''
  for await (const part of answer) {
    const lines = (left + String(part)).split('\n')
    left = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('data: ')) onEvent(JSON.parse(line.slice(6)) as Event)
  }
}

/**
 * Makes two running devices one group.
 *
 * @param address where the first one is, for those that do not look for each other
 */
export async function pairSides(a: HoltSide, b: HoltSide, address?: string): Promise<void> {
  await a.withPairingCode(async (code) => {
    await b.holt('pair', code, ...(address === undefined ? [] : ['--address', address]))
  })
}

/** Shares the root of one with the other. */
export async function shareFolder(a: HoltSide, b: HoltSide): Promise<void> {
  await a.holt('add', a.root, '--name', FOLDER)
  await b.holt('accept', FOLDER, b.root, '--yes')
}

/** A real device on this machine: a daemon as a process with a home of its own, driven by the real command line. */

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { API_PREFIX } from '../../protocol/api/constants.ts'
import type { Status } from '../../protocol/api/daemon.ts'
import type { Entry, EntryPage } from '../../protocol/api/entries.ts'
import type { Event, EventPage } from '../../protocol/api/events.ts'
import type { Folder, FolderList } from '../../protocol/api/folders.ts'
import { runtimeDirFor } from '../../protocol/api/home-path.ts'
import { socketPathFor } from '../../protocol/api/socket-path.ts'
import { COMPILE_CACHE } from '../compile-cache.ts'
import { freePort } from '../free-port.ts'
import { makeTemporaryDirectory } from '../temporary.ts'

const ROOT = new URL('../..', import.meta.url).pathname
/** How long anything may take before a test gives up. */
const PATIENCE_MS = 60_000
const LOOK_MS = 50

export interface Said {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface DeviceOptions {
  /** Off: only typed and known addresses are used, so that tests do not meet each other. */
  readonly discovery?: boolean
  /** What runs the daemon, such as `unshare`: put in front of its program, and replaced by it (`exec`). */
  readonly prefix?: (device: Device) => readonly string[]
  /** Where it listens; default: a port of its own, the same for all its lives. */
  readonly listen?: string
}

export class Device implements AsyncDisposable {
  readonly name: string
  readonly home: string
  /** Where its folders are. */
  readonly files: string
  readonly #options: DeviceOptions
  #daemon: ChildProcess | undefined
  /** Of all its lives. */
  readonly #pids = new Set<number>()
  /** The same for all its lives, as in a real home. */
  #port = 0

  constructor(name: string, options: DeviceOptions = {}) {
    this.name = name
    this.#options = options
    const directory = makeTemporaryDirectory(`e2e-${name}`)
    this.home = join(directory, 'home')
    this.files = join(directory, 'files')
    mkdirSync(this.files)
  }

  get #environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      HOLT_HOME: this.home,
      HOLT_DEVICE_NAME: this.name,
      HOLT_LISTEN: this.#options.listen ?? `127.0.0.1:${this.#port}`,
      HOLT_API_LISTEN: 'off',
      HOLT_DISCOVERY: this.#options.discovery === true ? 'true' : 'false',
      NO_COLOR: '1',
      UV_THREADPOOL_SIZE: '64',
      NODE_COMPILE_CACHE: COMPILE_CACHE,
    }
  }

  /** The daemon's process, while it runs. */
  get pid(): number {
    const pid = this.#daemon?.pid
    if (pid === undefined) throw new Error(`the daemon of ${this.name} does not run`)
    return pid
  }

  isRunning(): boolean {
    const daemon = this.#daemon
    return daemon !== undefined && daemon.exitCode === null && daemon.signalCode === null
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    if (this.#port === 0) this.#port = await freePort()
    const main = [process.execPath, join(ROOT, 'daemon/main.ts')]
    const daemon = spawn('/usr/bin/env', [...(this.#options.prefix?.(this) ?? []), ...main], {
      env: this.#environment,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#daemon = daemon
    this.#pids.add(daemon.pid ?? 0)
    let said = ''
    daemon.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()))
    await until(`${this.name} answers`, async () => {
      if (!this.isRunning()) throw new Error(`the daemon of ${this.name} ended with ${endOf(daemon)}: ${said}`)
      return (await this.ask('/status')) !== undefined
    })
  }

  /** Ends it at once, as a power button would end the process. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const daemon = this.#daemon
    this.#daemon = undefined
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return
    daemon.kill(signal)
    await once(daemon, 'exit')
  }

  /** Runs the command line to its end. */
  async holt(...words: string[]): Promise<Said> {
    return await ended(this.begin(...words))
  }

  /** The same, with a text on its stdin. */
  async holtWith(input: string, ...words: string[]): Promise<Said> {
    const cli = spawn(process.execPath, [join(ROOT, 'cli/main.ts'), ...words], {
      env: this.#environment,
      stdio: 'pipe',
    })
    cli.stdin.end(input)
    return await ended(cli)
  }

  /** @throws Error with what it said, unless it ends with 0. */
  async mustHolt(...words: string[]): Promise<string> {
    const said = await this.holt(...words)
    if (said.status !== 0)
      throw new Error(`holt ${words.join(' ')} on ${this.name} ended with ${said.status}: ${said.stderr}${said.stdout}`)
    return said.stdout
  }

  begin(...words: string[]): ChildProcess {
    return spawn(process.execPath, [join(ROOT, 'cli/main.ts'), ...words], {
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  /**
   * What the API answers on the daemon's socket: for waiting, where a command each time would keep a small machine busy.
   * Undefined while nobody answers. @throws Error with what it says when it refuses
   */
  async ask(path: string): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<IncomingMessage | undefined>()
    const runtimeDir = runtimeDirFor(this.#environment, tmpdir())
    const socketPath = socketPathFor({ home: this.home, runtimeDir, platform: process.platform })
    const asked = request({ socketPath, path: `${API_PREFIX}${path}`, agent: false }, resolve)
    asked.once('error', () => resolve(undefined)).end()
    const answer = await promise
    if (answer === undefined) return undefined
    const said = await text(answer)
    if (answer.statusCode !== 200) throw new Error(`${path} of ${this.name}: ${said}`)
    return JSON.parse(said)
  }

  async status(): Promise<Status> {
    return (await this.ask('/status')) as Status
  }

  /** Held and offered. */
  async folders(): Promise<readonly Folder[]> {
    return ((await this.ask('/folders')) as FolderList).folders
  }

  async folder(name: string): Promise<Folder> {
    return (await this.ask(`/folders/${name}`)) as Folder
  }

  /** Paths that cannot be synced. */
  async problems(name: string): Promise<readonly Entry[]> {
    return ((await this.ask(`/folders/${name}/entries?state=problem`)) as EntryPage).entries
  }

  /** What happened since the daemon started, oldest first. */
  async events(): Promise<readonly Event[]> {
    return ((await this.ask('/events?limit=1000')) as EventPage).events
  }

  /** `HOST:PORT` where others reach it. */
  async address(): Promise<string> {
    const { daemon } = await this.status()
    const port = /\/tcp\/(\d+)/.exec(daemon.addresses[0] ?? '')?.[1]
    return `127.0.0.1:${port}`
  }

  path(...names: string[]): string {
    return join(this.files, ...names)
  }

  /** Ends the daemon that a command has started, if there is one. */
  async #endStarted(): Promise<void> {
    const pidFile = join(this.home, 'daemon.pid')
    const pid = Number(existsSync(pidFile) ? readFileSync(pidFile, 'utf8') : 0)
    if (pid > 0 && !this.#pids.has(pid)) await this.holt('stop')
  }

  /** Ends whatever runs in the home. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await this.#endStarted()
    rmSync(join(this.home, '..'), { recursive: true, force: true, maxRetries: 3 })
  }
}

const endOf = ({ exitCode, signalCode }: ChildProcess): string => String(exitCode ?? signalCode)

async function ended(cli: ChildProcess): Promise<Said> {
  let [stdout, stderr] = ['', '']
  cli.stdout?.on('data', (bytes: Buffer) => (stdout += bytes.toString()))
  cli.stderr?.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
  await once(cli, 'close')
  return { status: cli.exitCode, stdout, stderr }
}

/** Pairs two devices by a code, over an address. */
export async function pair(inviter: Device, joiner: Device): Promise<void> {
  const showing = inviter.begin('pair')
  const code = await firstLine(showing)
  await joiner.mustHolt('pair', '--address', await inviter.address(), code)
  if (showing.exitCode === null) await once(showing, 'close')
  if (showing.exitCode !== 0) throw new Error(`holt pair on ${inviter.name} ended with ${showing.exitCode}`)
}

export async function firstLine(process: ChildProcess): Promise<string> {
  let text = ''
  for await (const bytes of process.stdout ?? []) {
    text += String(bytes)
    if (text.includes('\n')) break
  }
  return text.split('\n')[0] ?? ''
}

/** Polls until a condition holds; a look that costs much is taken less often. @throws Error after a minute. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const startMs = performance.now()
    if (await holds()) return
    const nowMs = performance.now()
    if (nowMs > deadline) throw new Error(`not within ${patienceMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, Math.max(LOOK_MS, 3 * (nowMs - startMs))))
  }
}

/** What a directory holds, as text that is equal exactly when two directories are; `.holt` and mtimes left out. */
export function digest(directory: string): string {
  const lines: string[] = []
  const walk = (at: string, shown: string): void => {
    for (const name of namesIn(at)) {
      if (shown === '' && name === '.holt') continue
      const path = join(at, name)
      const stats = lstatSync(path, { throwIfNoEntry: false })
      if (stats?.isDirectory() === true) {
        lines.push(`${shown}${name}/`)
        walk(path, `${shown}${name}/`)
      } else if (stats?.isFile() === true) {
        lines.push(`${shown}${name} ${hashOf(path)} ${(stats.mode & 0o100) === 0 ? '' : 'x'}`)
      } else if (stats?.isSymbolicLink() === true) lines.push(`${shown}${name} -> ${orGone(() => readlinkSync(path))}`)
      else lines.push(`${shown}${name} ${stats === undefined ? 'gone' : 'special'}`)
    }
  }
  walk(directory, '')
  return lines.join('\n')
}

function namesIn(directory: string): string[] {
  return existsSync(directory)
    ? orGone(() => readdirSync(directory).sort().join('\0'))
        .split('\0')
        .filter(Boolean)
    : []
}

function hashOf(path: string): string {
  return orGone(() => createHash('sha256').update(readFileSync(path)).digest('hex'))
}

/** Files come and go while a directory is looked at. */
function orGone(look: () => string): string {
  try {
    return look()
  } catch {
    return 'gone'
  }
}

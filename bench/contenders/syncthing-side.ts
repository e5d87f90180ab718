/** One device of Syncthing with default settings, but for what would leave this machine: relays, global discovery and reports are off. */

import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { freePort } from '../../test/free-port.ts'
import { until } from '../waiting.ts'

const KEY = 'bench'
const FOLDER = 'bench'
const POLL_MS = 5

export interface SyncthingOptions {
  /** What is put in front of the program, such as `ip netns exec NAME`. */
  readonly prefix?: readonly string[]
  /** By multicast on the local network, instead of by an address that is known. */
  readonly isDiscovered?: boolean
}

interface FolderStatus {
  readonly localFiles: number
  readonly needFiles: number
  readonly state: string
}

export class SyncthingSide {
  readonly root: string
  readonly port: number
  readonly #home: string
  readonly #o: SyncthingOptions
  #id = ''
  #process: ChildProcess | undefined

  private constructor(directory: string, port: number, o: SyncthingOptions) {
    this.root = join(directory, 'files')
    this.#home = join(directory, 'home')
    this.port = port
    this.#o = o
  }

  /** Made and configured; it runs. */
  static async create(directory: string, o: SyncthingOptions = {}): Promise<SyncthingSide> {
    const side = new SyncthingSide(directory, await freePort(), o)
    mkdirSync(side.root, { recursive: true })
    const words = ['generate', '--no-default-folder', '--skip-port-probing', '--home', side.#home]
    execFileSync('syncthing', words, { stdio: 'ignore' })
    await side.start()
    const { myID } = (await side.call('GET', '/rest/system/status')) as { myID: string }
    side.#id = myID
    await side.call('PATCH', '/rest/config/options', {
      listenAddresses: [o.isDiscovered === true ? `tcp://0.0.0.0:${side.port}` : `tcp://127.0.0.1:${side.port}`],
      globalAnnounceEnabled: false,
      localAnnounceEnabled: o.isDiscovered === true,
      relaysEnabled: false,
      natEnabled: false,
      crashReportingEnabled: false,
      urAccepted: -1,
      autoUpgradeIntervalH: 0,
    })
    return side
  }

  get pid(): number {
    return this.#process?.pid ?? 0
  }

  /** Spawns it; it does not answer yet. */
  spawn(): void {
    const line = [...(this.#o.prefix ?? []), 'syncthing', 'serve']
    const [program = '', ...rest] = line
    const gui = [`--gui-address=unix://${this.#socket}`, `--gui-apikey=${KEY}`]
    const words = ['--no-browser', '--no-restart', '--no-upgrade', '--home', this.#home, ...gui]
    this.#process = spawn(program, [...rest, ...words], { stdio: 'ignore' })
  }

  async start(): Promise<void> {
    this.spawn()
    await this.answers()
  }

  async answers(): Promise<void> {
    await until(async () => (await this.call('GET', '/rest/system/ping').catch(() => undefined)) !== undefined, {
      what: 'Syncthing answers',
      everyMs: POLL_MS,
    })
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const running = this.#process
    this.#process = undefined
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
    running.kill(signal)
    await once(running, 'exit')
  }

  /** Makes another device known, and shares the folder with it. */
  async introduce(other: SyncthingSide): Promise<void> {
    const addresses = [this.#o.isDiscovered === true ? 'dynamic' : `tcp://127.0.0.1:${other.port}`]
    await this.call('POST', '/rest/config/devices', { deviceID: other.#id, addresses })
    const devices = [this.#id, other.#id].map((deviceID) => ({ deviceID }))
    await this.call('POST', '/rest/config/folders', { id: FOLDER, path: this.root, devices })
  }

  async isConnectedWith(other: SyncthingSide): Promise<boolean> {
    const { connections } = (await this.call('GET', '/rest/system/connections')) as {
      connections: Record<string, { connected: boolean }>
    }
    return connections[other.#id]?.connected === true
  }

  async folder(): Promise<FolderStatus> {
    return (await this.call('GET', `/rest/db/status?folder=${FOLDER}`)) as FolderStatus
  }

  /** Resolves when the scan is over. */
  async scan(): Promise<void> {
    await this.call('POST', `/rest/db/scan?folder=${FOLDER}`)
  }

  /** Calls whenever the folder has come to rest, until the signal aborts or it ends. */
  async followIdle(onIdle: () => void, signal: AbortSignal): Promise<void> {
    let since = 0
    while (!signal.aborted) {
      const path = `/rest/events?since=${since}&events=StateChanged&timeout=60`
      const events = (await this.call('GET', path, undefined, signal)) as { id: number; data: { to: string } }[]
      for (const { id, data } of events) {
        since = id
        if (data.to === 'idle') onIdle()
      }
    }
  }

  /** @throws Error with the answer unless it is one of success */
  async call(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const headers = { 'X-API-Key': KEY }
    const options = { socketPath: this.#socket, method, path, headers, agent: false } as const
    const asked = request(signal === undefined ? options : { ...options, signal }, resolve).on('error', reject)
    asked.end(body === undefined ? undefined : JSON.stringify(body))
    const answer = await promise
    const said = await text(answer)
    if (answer.statusCode !== 200) throw new Error(`${path}: ${said}`)
    return said === '' ? {} : JSON.parse(said)
  }

  get #socket(): string {
    return join(this.#home, 'gui.sock')
  }
}

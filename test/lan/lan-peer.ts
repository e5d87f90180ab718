/** One transport as a process of its own, which a test runs on a host of its LAN and speaks with over IPC. */

import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { PeerError } from '../../daemon/peers/peer-error.ts'
import { createSystemClock } from '../../daemon/system-clock.ts'
import { openPeerTransport } from '../../daemon/peers/transport.ts'
import type { PeerTransport } from '../../daemon/ports.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { parseDeviceId } from '../../protocol/ids.ts'
import { META } from '../../protocol/protocols.ts'
import type { Host } from './namespaces.ts'
import { silentLog } from '../peers/real-network.ts'

interface Told {
  readonly self?: string
  readonly addresses?: readonly string[]
  readonly presence?: readonly [string, boolean]
  readonly inviter?: string
  readonly echoed?: boolean
}

const WAIT_MS = 20_000
/** One try of an echo, and the time between two. */
const ECHO_MS_MAX = 5_000
const RETRY_MS = 100

/** The process as the test sees it. */
export class LanPeer implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #told: Told[] = []
  #wake: () => void = () => undefined

  constructor(host: Host, seed: number) {
    const [program, ...rest] = host.prefix
    const args = [...rest, process.execPath, fileURLToPath(import.meta.url), String(seed)]
    this.#child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.#child.on('message', (message: Told) => {
      this.#told.push(message)
      this.#wake()
    })
  }

  /** Asks for something to be done there. */
  do(order: readonly [string, ...unknown[]]): void {
    this.#child.send(order)
  }

  /** The first thing told that fits, also in the past; what was told before it is forgotten. */
  async hear<T>(what: string, pick: (told: Told) => T | undefined): Promise<T> {
    const deadline = performance.now() + WAIT_MS
    for (;;) {
      for (let told = this.#told.shift(); told !== undefined; told = this.#told.shift()) {
        const picked = pick(told)
        if (picked !== undefined) return picked
      }
      const leftMs = deadline - performance.now()
      assert.ok(leftMs > 0, `waited ${WAIT_MS} ms for ${what}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  async self(): Promise<DeviceId> {
    return parseDeviceId(await this.hear('its id', (told) => told.self))
  }

  async hearPresence(device: DeviceId, online: boolean): Promise<void> {
    await this.hear(`${device} to be ${online ? 'online' : 'offline'}`, ({ presence }) =>
      presence?.[0] === device && presence[1] === online ? true : undefined,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    if (this.#child.exitCode === null && this.#child.connected) this.do(['end'])
    await ended
  }
}

async function main(seed: number): Promise<void> {
  const transport = await openPeerTransport({
    seed: new Uint8Array(32).fill(seed),
    listen: { port: 24_658, isExplicit: false },
    discovery: true,
    log: silentLog,
    clock: createSystemClock(),
    timing: { silenceMs: 4_000 },
  })
  const end = new AbortController()
  const { signal } = end
  const tell = (told: Told): void => void process.send?.(told)
  transport.handle(META, async (stream) => {
    const frame = await stream.read({ signal })
    if (frame !== undefined) await stream.write(frame, { signal })
  })
  const orders: Record<string, (...args: never[]) => unknown> = {
    admit: (devices: DeviceId[]) => transport.admit(new Set(devices)),
    announce: (nameplate: number) => transport.announce(nameplate),
    find: async (nameplate: number) => {
      for await (const { device } of transport.inviters(nameplate, { signal })) {
        tell({ inviter: device })
        return
      }
    },
    echo: async (device: DeviceId) => {
      while (!(await echoes(transport, device))) await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      tell({ echoed: true })
    },
    end: async () => {
      end.abort()
      await transport[Symbol.asyncDispose]()
      process.disconnect()
    },
  }
  process.on('message', ([name, ...args]: [string, ...never[]]) => void orders[name]?.(...args))
  tell({ self: transport.self, addresses: transport.addresses() })
  for await (const { device, online } of transport.presence({ signal })) tell({ presence: [device, online] })
}

/** Whether a stream with the device carries a frame there and back. */
async function echoes(transport: PeerTransport, device: DeviceId): Promise<boolean> {
  const signal = AbortSignal.timeout(ECHO_MS_MAX)
  try {
    const stream = await transport.open(device, META, { signal })
    await stream.write(Uint8Array.of(7), { signal })
    const answer = await stream.read({ signal })
    await stream.close()
    return answer?.[0] === 7
  } catch (cause) {
    if (cause instanceof PeerError || signal.aborted) return false
    throw cause
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(Number(process.argv[2]))

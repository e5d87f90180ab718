/** Whole simulated daemons that hold one folder, and members that say whatever a test tells them to. */

import assert from 'node:assert/strict'
import type { PeerStream } from '../../daemon/ports.ts'
import type { Signed } from '../../protocol/crypto.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import type { MetaMessage } from '../../protocol/meta-messages.ts'
import { decodeMetaMessage, encodeMetaMessage } from '../../protocol/meta-messages.ts'
import { META } from '../../protocol/protocols.ts'
import type { Beginning, SimDaemon, SimGroup } from '../sim/daemon.ts'
import { ROOT, SimCatalogue, startDaemon } from '../sim/daemon.ts'
import { describeDaemon, isEqual } from '../sim/judge.ts'
import type { DiskOptions } from '../sim/disk.ts'
import type { SimDevice, SimPorts, World } from '../sim/world.ts'
import { createWorld } from '../sim/world.ts'
import { FOLDER } from './scripted-log.ts'

const FOREVER = new AbortController().signal
const REDIAL_MS = 500

export class DaemonBench {
  readonly world: World
  readonly daemons: SimDaemon[] = []
  readonly #members: DeviceId[] = []

  constructor(seed: number) {
    this.world = createWorld(seed)
  }

  /** A device that holds the folder. Make all devices before the first begins. */
  device(name: string, options?: DiskOptions): SimDevice {
    const device = this.world.device(name, options)
    device.addRoot(ROOT, FOLDER)
    this.#members.push(device.id)
    return device
  }

  /** Begins a life of a device; with a catalogue of its own, which knows nothing. */
  begin(device: SimDevice, beginning: Beginning, o: Pick<SimGroup, 'supersededMin'> = {}): SimDaemon {
    const group = { folder: FOLDER, members: () => this.#members, ...o }
    const daemon = startDaemon(device, new SimCatalogue(), group, beginning)
    this.daemons.push(daemon)
    return daemon
  }

  /** Ends a life; what the daemon knew is lost, what is on the disk stays. */
  endAndForget(daemon: SimDaemon): void {
    daemon.device.kill({ power: false })
    daemon.end()
    daemon.catalogue[Symbol.dispose]()
    this.daemons.splice(this.daemons.indexOf(daemon), 1)
  }

  async until(holds: () => boolean, what: string): Promise<void> {
    const isSo = await this.world.runUntil(holds, { withinMs: 120_000 })
    const state = this.daemons.map((daemon) => describeDaemon(daemon, FOLDER)).join('\n')
    assert.ok(isSo, `waited for ${what}\n${state}`)
  }

  /** Equal, with nothing left to do, and nothing said any more. */
  async untilEqual(): Promise<void> {
    await this.until(() => isEqual(this.daemons, FOLDER), 'equal folders')
    await this.world.runFor(5_000)
    assert.ok(isEqual(this.daemons, FOLDER))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const device of this.world.devices()) device.kill({ power: false })
    for (const { end } of this.daemons) end()
    await new Promise((resolve) => setImmediate(resolve))
    for (const { catalogue } of this.daemons) catalogue[Symbol.dispose]()
  }
}

/** A member of the group that talks with one device and does nothing by itself: what it says, a test tells it. */
export class ScriptedMember {
  readonly device: SimDevice
  /** All that it was told, over all sessions. */
  readonly heard: MetaMessage[] = []
  /** Sessions that have begun. */
  sessions = 0
  readonly #other: DeviceId
  #stream: PeerStream | undefined

  constructor(device: SimDevice, other: DeviceId) {
    this.device = device
    this.#other = other
    device.start((ports) => void this.#run(ports).catch(() => undefined))
  }

  get isInSession(): boolean {
    return this.#stream !== undefined
  }

  say(...messages: readonly MetaMessage[]): void {
    for (const message of messages) {
      assert.ok(this.#stream, `${this.device.name} is in no session`)
      void this.#stream.write(encodeMetaMessage(message), { signal: FOREVER }).catch(() => undefined)
    }
  }

  /** Begins the conversation as one that holds the folder. */
  greet(head: Signed): void {
    this.say({ kind: 'hello', release: 'scripted', folders: [{ folder: FOLDER, head, halt: null }] })
  }

  /** Leaves the session; another begins by itself. */
  leave(): void {
    this.#stream?.abort('left')
    this.#stream = undefined
  }

  /** What was heard of a kind since the last time. */
  take<K extends MetaMessage['kind']>(kind: K): Extract<MetaMessage, { kind: K }>[] {
    const isKind = (message: MetaMessage): message is Extract<MetaMessage, { kind: K }> => message.kind === kind
    const taken = this.heard.filter(isKind)
    const rest = this.heard.filter((message) => !isKind(message))
    this.heard.splice(0, this.heard.length, ...rest)
    return taken
  }

  async #run({ transport, clock }: SimPorts): Promise<void> {
    transport.admit(new Set([this.#other]))
    transport.handle(META, (stream) => this.#converse(stream))
    for await (const { online } of transport.presence({ signal: FOREVER })) {
      if (online && transport.self < this.#other) break
    }
    for (;;) {
      const stream = await transport.open(this.#other, META, { signal: FOREVER }).catch(() => undefined)
      if (stream !== undefined) await this.#converse(stream)
      await clock.sleep(REDIAL_MS, { signal: FOREVER })
    }
  }

  async #converse(stream: PeerStream): Promise<void> {
    this.#stream = stream
    this.sessions += 1
    try {
      for (;;) {
        const frame = await stream.read({ signal: FOREVER })
        if (frame === undefined) return
        this.heard.push(decodeMetaMessage(frame))
      }
    } catch {
      // The other side ended the session: the test sees that nobody is in one.
    } finally {
      if (this.#stream === stream) this.#stream = undefined
    }
  }
}

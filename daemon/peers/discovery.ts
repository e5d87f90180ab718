/**
 * Finding devices by multicast DNS on every interface at once. Stock mDNS sends on one interface only, so two machines whose
 * default route lies elsewhere never meet. Nothing is sent but to the link-local group 224.0.0.251.
 */

import type { Packet } from 'dns-packet'
import makeMulticastDns from 'multicast-dns'
import type { MulticastDNS } from 'multicast-dns'
import type { Clock, Log } from '../ports.ts'
import type { Announcement } from './announcement.ts'
import { QUERY, encodeAnnouncement, isQuery, parseAnnouncements } from './announcement.ts'
import type { LocalNetwork } from './local-networks.ts'
import { interfacesText, localNetworks } from './local-networks.ts'

/** An announcement, and where it came from. A hint only: any machine of the link can send it. */
export interface Sighting extends Announcement {
  readonly address: string
  readonly network: string
}

export interface DiscoveryInit {
  /** What to announce; asked anew each time. */
  readonly own: () => Announcement
  readonly onSighting: (sighting: Sighting) => void
  /** An interface came, went, or has another address. */
  readonly onNetworkChange: () => void
  readonly log: Log
  readonly clock: Clock
  /** Names of the interfaces to use; undefined uses all, also such as come later. */
  readonly interfaces?: ReadonlySet<string> | undefined
  readonly udpPort?: number | undefined
}

/** How often the interfaces are looked at, with the slack: a network that returns is used within the two together. */
const RESCAN_MS = 1_000
const RESCAN_SLACK_MS = 1_000
/** Seconds after an interface appears at which we ask and announce: packets get lost, switches wake slowly. */
const GREETINGS_MS: readonly number[] = [0, 1_000, 3_000]
/** How often we ask and announce without a reason. */
const REPEAT_MS = 30_000
/** While someone waits for a device. */
const SEARCH_REPEAT_MS = 2_000
/** Queries in this time are answered together. */
const ANSWER_MS = 100
const MDNS_PORT = 5353
/** How long an interface on which no socket could be opened is left alone. */
const FAILED_MS = 30_000

export class Discovery implements AsyncDisposable {
  readonly #init: DiscoveryInit
  readonly #voices = new Map<string, Voice>()
  readonly #end = new AbortController()
  /** The interfaces as they were last looked at. */
  #seen = ''
  #searches = 0
  #lastAskMs = performance.now()

  constructor(init: DiscoveryInit) {
    this.#init = init
    this.#rescan()
    void this.#run(this.#end.signal)
  }

  /** Says at once what is to be announced now. */
  announce(): void {
    for (const voice of this.#voices.values()) voice.announce()
  }

  /** Asks and announces at once. */
  ask(): void {
    this.#lastAskMs = performance.now()
    for (const voice of this.#voices.values()) voice.greet()
  }

  /** Asks often until disposed. */
  search(): Disposable {
    this.#searches += 1
    this.ask()
    return { [Symbol.dispose]: () => void (this.#searches -= 1) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new Error('nothing is to be discovered any more'))
    const voices = [...this.#voices.values()]
    this.#voices.clear()
    await Promise.all(voices.map((voice) => voice[Symbol.asyncDispose]()))
  }

  async #run(signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        await this.#init.clock.sleep(RESCAN_MS, { signal, slackMs: RESCAN_SLACK_MS })
        this.#tick()
      }
    } catch (cause) {
      if (!signal.aborted) throw cause
    }
  }

  #tick(): void {
    if (this.#rescan()) this.#init.onNetworkChange()
    const repeatMs = this.#searches > 0 ? SEARCH_REPEAT_MS : REPEAT_MS
    if (performance.now() - this.#lastAskMs >= repeatMs) this.ask()
  }

  #rescan(): boolean {
    const seen = interfacesText()
    if (seen === this.#seen && ![...this.#voices.values()].some((voice) => voice.isWorthRetrying())) return false
    this.#seen = seen
    const networks = new Map(localNetworks(this.#init.interfaces).map((net) => [`${net.name} ${net.address}`, net]))
    let hasChanged = false
    for (const [key, voice] of this.#voices) {
      if (networks.has(key) && !voice.isWorthRetrying()) continue
      this.#voices.delete(key)
      void voice[Symbol.asyncDispose]()
      hasChanged ||= !networks.has(key)
    }
    for (const [key, network] of networks) {
      if (this.#voices.has(key)) continue
      this.#voices.set(key, new Voice(network, this.#init))
      hasChanged = true
    }
    return hasChanged
  }
}

/** One interface: one socket that speaks and listens there. */
class Voice implements AsyncDisposable {
  readonly #network: LocalNetwork
  readonly #init: DiscoveryInit
  readonly #mdns: MulticastDNS
  readonly #timers: NodeJS.Timeout[]
  #answer: NodeJS.Timeout | undefined
  #failedMs: number | undefined

  constructor(network: LocalNetwork, init: DiscoveryInit) {
    this.#network = network
    this.#init = init
    const { address } = network
    this.#mdns = makeMulticastDns({ interface: address, bind: '0.0.0.0', port: init.udpPort ?? MDNS_PORT })
    this.#mdns.on('query', (packet, from) => this.#onQuery(packet, from.address))
    this.#mdns.on('response', (packet, from) => this.#onResponse(packet, from.address))
    this.#mdns.on('warning', () => undefined)
    this.#mdns.on('error', (cause) => this.#onError(cause))
    this.#timers = GREETINGS_MS.map((delayMs) => setTimeout(() => this.greet(), delayMs))
  }

  isWorthRetrying(): boolean {
    return this.#failedMs !== undefined && performance.now() - this.#failedMs > FAILED_MS
  }

  announce(): void {
    this.#mdns.respond({ answers: encodeAnnouncement(this.#init.own()) })
  }

  greet(): void {
    this.#mdns.query({ questions: [QUERY] })
    this.announce()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    clearTimeout(this.#answer)
    await new Promise<void>((resolve) => this.#mdns.destroy(resolve))
  }

  /** Every socket of the host gets every packet: each takes those of its own network. */
  #onQuery(packet: Packet, from: string): void {
    if (this.#network.has(from) && isQuery(packet)) this.#answerSoon()
  }

  #onResponse(packet: Packet, from: string): void {
    if (!this.#network.has(from)) return
    for (const announcement of parseAnnouncements(packet)) {
      this.#init.onSighting({ ...announcement, address: from, network: this.#network.name })
    }
  }

  #answerSoon(): void {
    this.#answer ??= setTimeout(() => {
      this.#answer = undefined
      this.announce()
    }, ANSWER_MS)
  }

  #onError(cause: Error): void {
    if (this.#failedMs !== undefined) return
    this.#failedMs = performance.now()
    this.#init.log.event('discovery.failed', { interface: this.#network.name, reason: cause.message })
  }
}

/**
 * One try to connect with a device: its newest address first, the others a moment later beside it, so that a stale one costs
 * little. Addresses that become known meanwhile are dialled at once.
 */

import type { Connection } from '@libp2p/interface'
import { pause } from './abortable.ts'

/** How long an address has the line for itself. */
const STAGGER_MS = 250
/** How long one address may take, from the first packet to a connection that carries streams. */
const ADDRESS_MS_MAX = 5_000
/** Dials of one run. */
const DIALS_MAX = 24
/** An address that was tried so long ago may be tried again in the same run. */
const AGAIN_MS = 500

export type DialAddress = (address: string, o: { signal: AbortSignal }) => Promise<Connection>

export class DialRun {
  /** The first connection that opens; later ones are closed. Rejects with an `AggregateError` when none opens. */
  readonly result: Promise<Connection>
  readonly #dial: DialAddress
  readonly #outcome = Promise.withResolvers<Connection>()
  readonly #end = new AbortController()
  readonly #startedMs = new Map<string, number>()
  readonly #causes: unknown[] = []
  #dials = 0
  #pending = 0

  constructor(addresses: readonly string[], dial: DialAddress) {
    this.#dial = dial
    this.result = this.#outcome.promise
    this.result.catch(() => undefined)
    addresses.forEach((address, index) => this.#launch(address, index * STAGGER_MS))
    if (this.#pending === 0) this.#finish()
  }

  /** Dials what is new, and once more what was tried a while ago. */
  add(addresses: readonly string[]): void {
    for (const address of addresses) {
      const startedMs = this.#startedMs.get(address)
      if (startedMs === undefined || performance.now() - startedMs > AGAIN_MS) this.#launch(address, 0)
    }
  }

  cancel(reason: string): void {
    this.#causes.push(new Error(reason))
    this.#finish()
  }

  #launch(address: string, delayMs: number): void {
    if (this.#dials >= DIALS_MAX || this.#end.signal.aborted) return
    this.#dials += 1
    this.#pending += 1
    this.#startedMs.set(address, performance.now() + delayMs)
    void this.#attempt(address, delayMs)
  }

  async #attempt(address: string, delayMs: number): Promise<void> {
    try {
      if (delayMs > 0) await pause(delayMs, this.#end.signal)
      const signal = AbortSignal.any([this.#end.signal, AbortSignal.timeout(ADDRESS_MS_MAX)])
      const connection = await this.#dial(address, { signal })
      if (this.#end.signal.aborted) connection.abort(new Error('another address was faster'))
      this.#outcome.resolve(connection)
      this.#finish()
    } catch (cause) {
      this.#causes.push(cause)
    }
    this.#pending -= 1
    if (this.#pending === 0) this.#finish()
  }

  #finish(): void {
    this.#end.abort(new Error('the dial is over'))
    this.#outcome.reject(new AggregateError(this.#causes, 'no address answers'))
  }
}

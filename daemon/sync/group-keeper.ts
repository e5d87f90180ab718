/**
 * Keeps this device's group log in step with everyone's: says to the transport who is a member, and exchanges logs with each
 * member that comes online, and with all who are when the log changes.
 */

import type { DeviceId } from '../../protocol/ids.ts'
import { nextDelayMs } from '../core/backoff.ts'
import type { GroupState } from '../core/membership.ts'
import type { AbortOptions, Random } from '../ports.ts'
import type { GroupExchange, GroupPorts, ServedExchange } from './group-exchange.ts'
import { exchangeGroup, serveGroup } from './group-exchange.ts'

export interface GroupKeeperOptions {
  readonly random: Random
  /** How an exchange ended that this device began, or that another did. */
  readonly onExchange: (exchange: ServedExchange) => void
  /** This device could not do its part: its disk is full, say. It is tried again. */
  readonly onFailure: (device: DeviceId, cause: unknown) => void
}

/** One exchange with each device at a time; `isDue` asks for another when it is done. */
interface Turn {
  isDue: boolean
}

export class GroupKeeper {
  readonly #ports: GroupPorts
  readonly #options: GroupKeeperOptions
  readonly #online = new Set<DeviceId>()
  readonly #turns = new Map<DeviceId, Turn>()

  constructor(ports: GroupPorts, options: GroupKeeperOptions) {
    this.#ports = ports
    this.#options = options
  }

  /** Runs until the signal aborts, and then throws its reason. */
  async run(o: AbortOptions): Promise<void> {
    const { transport, log } = this.#ports
    using _served = serveGroup(this.#ports, { ...o, onServed: this.#options.onExchange })
    using _changes = log.onChange((after, before) => this.#follow(after, before, o))
    this.#admit(log.state)
    for await (const { device, online } of transport.presence(o)) {
      if (online) {
        this.#online.add(device)
        this.#touch(device, o)
      } else this.#online.delete(device)
    }
  }

  /** Exchanges logs with everyone who is online, once: the last thing that a device does before it forgets its group. */
  async tellEveryone(o: AbortOptions): Promise<readonly GroupExchange[]> {
    return Promise.all([...this.#online].map((device) => exchangeGroup(this.#ports, device, o)))
  }

  #follow(after: GroupState, before: GroupState, o: AbortOptions): void {
    this.#admit(after)
    const { transport } = this.#ports
    for (const device of after.removed.keys()) {
      // `admit` has shut it out already; this ends what a stranger could still use of the old connection.
      if (!before.removed.has(device) && device !== transport.self) void transport.drop(device)
    }
    for (const device of this.#online) this.#touch(device, o)
  }

  #admit({ members }: GroupState): void {
    const { transport, log } = this.#ports
    // Whoever left still has to tell the others; whoever was removed has nobody any more.
    const isAmong = log.standing === 'member' || log.standing === 'left'
    const others = [...members.keys()].filter((device) => device !== transport.self)
    transport.admit(new Set(isAmong ? others : []))
  }

  #touch(device: DeviceId, o: AbortOptions): void {
    const turn = this.#turns.get(device)
    if (turn !== undefined) {
      turn.isDue = true
      return
    }
    const fresh = { isDue: true }
    this.#turns.set(device, fresh)
    void this.#takeTurns(device, fresh, o).finally(() => this.#turns.delete(device))
  }

  async #takeTurns(device: DeviceId, turn: Turn, o: AbortOptions): Promise<void> {
    const { clock } = this.#ports
    for (let attempt = 1; turn.isDue && this.#online.has(device) && !o.signal.aborted;) {
      turn.isDue = false
      if (await this.#exchange(device, o)) {
        attempt = 1
        continue
      }
      turn.isDue = true
      await clock.sleep(nextDelayMs(attempt++, this.#random01()), o).catch(() => undefined)
    }
  }

  /** Whether there is no use in trying again. */
  async #exchange(device: DeviceId, o: AbortOptions): Promise<boolean> {
    try {
      const result = await exchangeGroup(this.#ports, device, o)
      this.#options.onExchange({ device, wasMember: true, result })
      return result.kind !== 'offline' && result.kind !== 'busy'
    } catch (cause) {
      if (!o.signal.aborted) this.#options.onFailure(device, cause)
      return false
    }
  }

  #random01(): number {
    return (this.#options.random.bytes(1)[0] ?? 0) / 256
  }
}

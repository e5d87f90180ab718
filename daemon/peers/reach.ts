/** Making a connection with a device whose addresses are known. One try at a time; who comes later joins it. */

import type { Connection } from '@libp2p/interface'
import type { DeviceId } from '../../protocol/ids.ts'
import type { DialAddress } from './dial-run.ts'
import { DialRun } from './dial-run.ts'
import { PeerError } from './peer-error.ts'

export interface ReachInit {
  /** Newest first. */
  readonly addressesOf: (device: DeviceId) => readonly string[]
  /** Dials an address and takes only this device there. */
  readonly dial: (device: DeviceId) => DialAddress
}

export class Reach {
  readonly #init: ReachInit
  readonly #runs = new Map<DeviceId, DialRun>()

  constructor(init: ReachInit) {
    this.#init = init
  }

  /** @throws PeerError `offline` */
  async to(device: DeviceId): Promise<Connection> {
    const run = this.#runs.get(device) ?? this.#begin(device)
    run.add(this.#init.addressesOf(device))
    try {
      return await run.result
    } catch (cause) {
      throw new PeerError('offline', `${device} cannot be reached`, { cause })
    } finally {
      if (this.#runs.get(device) === run) this.#runs.delete(device)
    }
  }

  cancel(device: DeviceId): void {
    this.#runs.get(device)?.cancel('no connection is wanted any more')
  }

  close(): void {
    for (const run of this.#runs.values()) run.cancel('this device goes offline')
  }

  #begin(device: DeviceId): DialRun {
    const run = new DialRun(this.#init.addressesOf(device), this.#init.dial(device))
    this.#runs.set(device, run)
    return run
  }
}

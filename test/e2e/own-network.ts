/**
 * A loopback interface of the devices' own, on which nothing else speaks: what crosses it is what they send one another, counted
 * by the kernel. Needs no root where the system lets users have namespaces.
 */

import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { until } from './device.ts'

/** Why no network can be made here, or false when it can: what `it(…, { skip })` takes. */
export function ownNetworkSkipReason(): string | false {
  if (process.platform !== 'linux') return 'network namespaces are of Linux'
  const tried = spawnSync('unshare', ['-rn', 'ip', 'link', 'set', 'lo', 'up'])
  return tried.status === 0 ? false : 'needs root, or user namespaces'
}

export class OwnNetwork implements Disposable {
  readonly #holder: ChildProcess

  constructor(holder: ChildProcess) {
    this.#holder = holder
  }

  static async open(): Promise<OwnNetwork> {
    const network = new OwnNetwork(spawn('unshare', ['-rn', 'sh', '-ec', 'ip link set lo up; exec sleep 1000000']))
    await until('the network is up', () => network.#isUp())
    return network
  }

  /** What runs a daemon in it: `prefix` of a device. */
  get prefix(): string[] {
    return ['nsenter', '-t', String(this.#holder.pid), '-U', '-n', '--preserve-credentials']
  }

  /** Bytes that have crossed it, headers included. */
  get bytes(): number {
    const [, received] = /^ *lo: *(\d+)/m.exec(readFileSync(`/proc/${this.#holder.pid}/net/dev`, 'utf8')) ?? []
    return Number(received)
  }

  #isUp(): boolean {
    return readFileSync(`/proc/${this.#holder.pid}/cmdline`, 'utf8').startsWith('sleep')
  }

  [Symbol.dispose](): void {
    this.#holder.kill('SIGKILL')
  }
}

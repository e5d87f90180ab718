/** Who comes and goes, for one watcher: bounded, since an arrival and a departure that nobody has read cancel each other. */

import type { AbortOptions, Presence } from '../../daemon/ports.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { onAbort, reasonOf } from './abort.ts'
import type { Life } from './life.ts'

export class PresenceFeed {
  readonly #life: Life
  readonly #pending = new Map<DeviceId, boolean[]>()
  #wake: () => void = () => undefined

  constructor(life: Life, online: Iterable<DeviceId>) {
    this.#life = life
    for (const device of online) this.#pending.set(device, [true])
  }

  /** A departure with an arrival behind it stays: it is another connection. */
  tell({ device, online }: Presence): void {
    const changes = this.#pending.get(device) ?? []
    if (changes.length > 0 && !online && changes.at(-1) === true) changes.pop()
    else changes.push(online)
    if (changes.length > 0) this.#pending.set(device, changes)
    else this.#pending.delete(device)
    this.#wake()
  }

  /** Ends by throwing the signal's reason. */
  async *changes({ signal }: AbortOptions): AsyncGenerator<Presence> {
    for (;;) {
      signal.throwIfAborted()
      const [next] = this.#pending
      if (next === undefined) {
        await nextCall(this.#life, signal, (wake) => (this.#wake = wake))
        continue
      }
      const [device, changes] = next
      const online = changes.shift()
      if (changes.length === 0) this.#pending.delete(device)
      if (online !== undefined) yield { device, online }
    }
  }
}

/** Waits until what was handed out is called. */
export function nextCall(life: Life, signal: AbortSignal, handOut: (wake: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const listening = onAbort(signal, life, () => {
      reject(reasonOf(signal))
    })
    handOut(() => {
      listening[Symbol.dispose]()
      resolve()
    })
  })
}

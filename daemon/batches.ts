/**
 * Many small requests as few large ones: what comes while a batch is under way is the next batch. So a single request waits for
 * nothing, and thousands pay for few messages.
 */

import type { AbortOptions } from './ports.ts'

export interface BatchesOptions<Item, Result> {
  /** Items of one batch. */
  readonly itemsMax: number
  /** What they may weigh together; one that weighs more is alone. */
  readonly weightMax: number
  readonly weigh: (item: Item) => number
  /** Batches under way at once: one is worked on while the next is on its way. */
  readonly parallel: number
  /** One result an item, in order. What it throws fails all items of the batch. */
  readonly run: (batch: readonly Item[]) => Promise<readonly Result[]>
}

interface Waiting<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (cause: unknown) => void
}

export class Batches<Item, Result> {
  readonly #o: BatchesOptions<Item, Result>
  readonly #waiting: Waiting<Item, Result>[] = []
  #underWay = 0
  #isBegun = false

  constructor(o: BatchesOptions<Item, Result>) {
    this.#o = o
  }

  /** @throws the signal's reason while it has not begun; afterwards it is done. */
  async add(item: Item, { signal }: AbortOptions): Promise<Result> {
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    const waiting: Waiting<Item, Result> = { item, resolve, reject }
    const giveUp = (): void => {
      const at = this.#waiting.indexOf(waiting)
      if (at < 0) return
      this.#waiting.splice(at, 1)
      reject(signal.reason)
    }
    this.#waiting.push(waiting)
    this.#begin()
    signal.addEventListener('abort', giveUp)
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  /** Soon, so that what is asked for in one go goes together. */
  #begin(): void {
    if (this.#isBegun) return
    this.#isBegun = true
    queueMicrotask(() => {
      this.#isBegun = false
      while (this.#waiting.length > 0 && this.#underWay < this.#o.parallel) void this.#run(this.#next())
    })
  }

  #next(): readonly Waiting<Item, Result>[] {
    let weight = 0
    let count = 0
    for (const { item } of this.#waiting) {
      weight += this.#o.weigh(item)
      if (count > 0 && (count === this.#o.itemsMax || weight > this.#o.weightMax)) break
      count += 1
    }
    return this.#waiting.splice(0, count)
  }

  async #run(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    this.#underWay += 1
    try {
      const results = await this.#o.run(batch.map(({ item }) => item))
      for (const [i, { resolve, reject }] of batch.entries()) {
        const result = results[i]
        if (result === undefined) reject(new Error('a batch came back with too few results'))
        else resolve(result)
      }
    } catch (cause) {
      for (const { reject } of batch) reject(cause)
    } finally {
      this.#underWay -= 1
      this.#begin()
    }
  }
}

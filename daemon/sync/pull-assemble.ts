/** Chunks that wait to be put together: some at a time go to a thread, in order. */

import type { Assembled, Assembly } from '../fine-port.ts'
import type { AbortOptions } from '../ports.ts'
import { Bell } from '../bell.ts'

/** What a thread does at a time: some milliseconds. */
const BATCH_CHUNKS = 16
/** Batches at a time: while one is done, the next is there. */
const BATCHES_MAX = 2
/** Beyond as many nothing is added that has no bytes in memory. */
const WAITING_MAX = 64

/** Undefined: the part takes no more. */
type Outcome = Assembled | undefined
type Assemble = (chunks: readonly Assembly[]) => Promise<readonly Assembled[] | undefined>

export class Assembler {
  readonly #assemble: Assemble
  readonly #moved = new Bell()
  #waiting: { readonly chunk: Assembly; readonly resolve: (outcome: Outcome) => void }[] = []
  #busy = 0

  constructor(assemble: Assemble) {
    this.#assemble = assemble
  }

  /** Resolves when it is done. */
  put(chunk: Assembly): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    this.#waiting.push({ chunk, resolve })
    this.#pump()
    return promise
  }

  /** Resolves when there is room for another. @throws the signal's reason */
  room(o: AbortOptions): Promise<void> {
    return this.#moved.until(() => this.#waiting.length < WAITING_MAX, o.signal)
  }

  /** Resolves when all that was put is done. */
  idle(): Promise<void> {
    return this.#moved.until(() => this.#waiting.length === 0 && this.#busy === 0)
  }

  #pump(): void {
    while (this.#busy < BATCHES_MAX && this.#waiting.length > 0) void this.#run(this.#waiting.splice(0, BATCH_CHUNKS))
  }

  async #run(
    batch: readonly { readonly chunk: Assembly; readonly resolve: (outcome: Outcome) => void }[],
  ): Promise<void> {
    this.#busy++
    try {
      const outcomes = await this.#assemble(batch.map(({ chunk }) => chunk))
      for (const [i, { resolve }] of batch.entries()) resolve(outcomes?.[i])
    } finally {
      this.#busy--
      this.#pump()
      this.#moved.ring()
    }
  }
}

/** A bound on how many things happen at a time; the rest waits in order. Whoever waits is bounded by the caller. */

export class Slots {
  #free: number
  readonly #waiting: (() => void)[] = []
  readonly #size: number

  constructor(size: number) {
    this.#size = size
    this.#free = size
  }

  /** How many run or wait. */
  get busy(): number {
    return this.#size - this.#free + this.#waiting.length
  }

  async use<T>(body: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await body()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }
}

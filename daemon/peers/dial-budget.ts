/** At most so many dials a minute towards devices that are no members: discovery may name anybody. */

const DIALS_MAX = 10
const WINDOW_MS = 60_000

export class DialBudget {
  #dialsMs: readonly number[] = []

  /** Takes one dial, or says that none is left. */
  take(nowMs: number): boolean {
    this.#dialsMs = this.#dialsMs.filter((dialMs) => nowMs - dialMs < WINDOW_MS)
    if (this.#dialsMs.length >= DIALS_MAX) return false
    this.#dialsMs = [...this.#dialsMs, nowMs]
    return true
  }
}

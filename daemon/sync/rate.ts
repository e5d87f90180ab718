/** Bytes a second over the last 5 s, and what that says of the time that is left. */

/** How far back a rate looks. */
const SPAN_MS = 5000
const SLOT_MS = 500

/** Sums by half seconds. Cheap to add to: a megabyte or a small file is one addition. */
export class Rate {
  readonly #slots: { readonly slot: number; bytes: number }[] = []
  readonly #startMs: number

  constructor(nowMs: number) {
    this.#startMs = nowMs
  }

  add(bytes: number, nowMs: number): void {
    const slot = Math.floor(nowMs / SLOT_MS)
    const last = this.#slots.at(-1)
    if (last?.slot === slot) last.bytes += bytes
    else this.#slots.push({ slot, bytes })
    this.#forget(nowMs)
  }

  bytesPerSecond(nowMs: number): number {
    this.#forget(nowMs)
    const bytes = this.#slots.reduce((sum, each) => sum + each.bytes, 0)
    const spanMs = Math.max(SLOT_MS, Math.min(SPAN_MS, nowMs - this.#startMs))
    return (bytes * 1000) / spanMs
  }

  #forget(nowMs: number): void {
    const oldest = (nowMs - SPAN_MS) / SLOT_MS
    while ((this.#slots[0]?.slot ?? oldest) < oldest) this.#slots.shift()
  }
}

/** A century: longer is as good as never. */
const ETA_MS_MAX = 100 * 365 * 24 * 3600 * 1000

/** Milliseconds until so many bytes have come at this rate; null while nothing moves, or where it would take a century. Whole. */
export function etaMs(bytesLeft: number, bytesPerSecond: number): number | null {
  const eta = bytesPerSecond > 0 ? Math.ceil((Math.max(0, bytesLeft) * 1000) / bytesPerSecond) : Infinity
  return eta <= ETA_MS_MAX ? eta : null
}

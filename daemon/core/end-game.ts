/**
 * The end game: when nothing is left to ask for, whoever has time takes over from whoever is slow, so that the last bytes never
 * wait for a slow line while a fast one stands still. Touches nothing, and knows no time but what it is told.
 */

import { CHUNK_BYTES } from '../../protocol/limits.ts'

/** What is assumed of a line of which nothing is known, in bytes a millisecond: about 1 MB/s. */
const UNKNOWN_BYTES_PER_MS = 1000
/** By how much sooner the bytes must be here for what is under way to be thrown away: estimates are rough. */
const FACTOR = 2
const MARGIN_MS = 300

/** How a device does that bytes are asked of. */
export interface Line {
  /** Asked for, and not here yet. */
  readonly owedBytes: number
  /** As it was seen; undefined before anything came. */
  readonly bytesPerMs: number | undefined
  /** For how long nothing has come although something is owed. */
  readonly silentMs: number
}

/** A request that has not ended. */
export interface OpenAsk {
  /** What may still come of it. */
  readonly owedBytes: number
}

export interface Debtor<A extends OpenAsk> extends Line {
  /** The newest first. */
  readonly asks: readonly A[]
}

/** `late`: worth taking over. `maybe`: the taker could have it, and it is not late enough by now. */
export type Rescue<D, A> =
  | { readonly kind: 'late'; readonly debtor: D; readonly ask: A }
  | { readonly kind: 'maybe' }
  | { readonly kind: 'none' }

/** What `taker`, for whom nothing else is left, takes over from others: the newest request of whoever is done last. */
export function findRescue<A extends OpenAsk, D extends Debtor<A>>(
  taker: Line,
  debtors: Iterable<D>,
  mayTake: (ask: A) => boolean,
): Rescue<D, A> {
  let found: Rescue<D, A> = { kind: 'none' }
  let latestMs = 0
  for (const debtor of debtors) {
    const ask = debtor.asks.find(mayTake)
    if (ask === undefined) continue
    if (found.kind === 'none') found = { kind: 'maybe' }
    const dueMs = debtor.owedBytes / rateOf(debtor)
    const isLate = dueMs > FACTOR * ((taker.owedBytes + ask.owedBytes) / rateOf(taker)) + MARGIN_MS
    if (!isLate || dueMs <= latestMs) continue
    found = { kind: 'late', debtor, ask }
    latestMs = dueMs
  }
  return found
}

/** A line that is silent is not faster than one that brings a chunk only now. */
function rateOf({ bytesPerMs = UNKNOWN_BYTES_PER_MS, silentMs }: Line): number {
  return Math.max(Number.MIN_VALUE, Math.min(bytesPerMs, CHUNK_BYTES / Math.max(1, silentMs)))
}

/** The end game between streams: what one device owes, and another that has time could give sooner. */

import type { Debtor, Line, Rescue } from '../core/end-game.ts'
import { findRescue } from '../core/end-game.ts'
import type { Window } from '../core/window.ts'
import type { Movable, PullLink } from './pull-link.ts'

/** A device that may be asked. */
export interface Asked {
  readonly link: PullLink | undefined
  readonly window: Window
}

export interface Slow<H> extends Debtor<Movable> {
  readonly holder: H
}

/** What `taker` takes over from one of the others. */
export function findLate<H extends Asked>(
  taker: H,
  holders: Iterable<H>,
  mayTake: (ask: Movable) => boolean,
  nowMs: number,
): Rescue<Slow<H>, Movable> {
  const debtors: Slow<H>[] = []
  for (const holder of holders) {
    if (holder === taker || holder.link === undefined) continue
    debtors.push({ ...lineOf(holder, nowMs), holder, asks: holder.link.movable() })
  }
  return findRescue<Movable, Slow<H>>(lineOf(taker, nowMs), debtors, mayTake)
}

function lineOf({ link, window }: Asked, nowMs: number): Line {
  const owedBytes = link?.owedBytes ?? 0
  const silentMs = owedBytes === 0 ? 0 : nowMs - (link?.heardMs ?? nowMs)
  return { owedBytes, bytesPerMs: window.bytesPerMs, silentMs }
}

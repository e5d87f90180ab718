/** What a run of a pair tells while it goes on, and the sums that it keeps. */

import type { Progress } from '../../../protocol/api/folders.ts'
import type { PairEvent } from '../../../protocol/api/pairs.ts'
import type { PairUnit } from '../../core/pair-plan.ts'
import { bytesAcross } from '../../core/pair-plan.ts'
import type { Side } from '../../pair-port.ts'
import type { Clock } from '../../ports.ts'
import { Rate, etaMs } from '../rate.ts'

/** The least time between two words about the same thing, in milliseconds. */
const TELL_MS = 250

export type Direction = 'up' | 'down'
export type Tell = (event: PairEvent) => void

/** To the destination is up. */
export function directionTo(side: Side): Direction {
  return side === 'destination' ? 'up' : 'down'
}

/** A file that is on its way. Ends with `done` or `failed`. */
export interface FileProgress {
  /** Bytes that have come. */
  add(bytes: number): void
  done(): void
  /** Its bytes do not count any more. */
  failed(reason: string, isRetried: boolean): void
}

export class TransferProgress {
  readonly #tell: Tell
  readonly #clock: Clock
  readonly #sums: Readonly<Record<Direction, Sums>>

  constructor(tell: Tell, clock: Clock, units: readonly PairUnit[]) {
    this.#tell = tell
    this.#clock = clock
    const now = clock.monotonicMs()
    this.#sums = { up: newSums(now), down: newSums(now) }
    for (const step of units.flatMap((unit) => unit.steps)) {
      if (step.kind !== 'put') continue
      const sums = this.#sums[directionTo(step.side)]
      sums.filesTotal += 1
      sums.bytesTotal += bytesAcross(step)
    }
  }

  total(direction: Direction): Progress {
    const { filesDone, filesTotal, bytesDone, bytesTotal, rate } = this.#sums[direction]
    const perSecond = rate.bytesPerSecond(this.#clock.monotonicMs())
    return {
      ...{ filesDone, filesTotal, bytesDone, bytesTotal, rate: perSecond },
      etaMs: etaMs(bytesTotal - bytesDone, perSecond),
    }
  }

  start(): void {
    for (const direction of ['up', 'down'] as const) {
      if (this.#sums[direction].filesTotal === 0) continue
      this.#tell({ kind: 'transfer.batch-start', direction, total: this.total(direction) })
    }
  }

  end(): void {
    for (const direction of ['up', 'down'] as const) {
      const { filesTotal, failed } = this.#sums[direction]
      if (filesTotal === 0) continue
      this.#tell({ kind: 'transfer.batch-done', direction, total: this.total(direction), failed })
    }
  }

  file(side: Side, path: string, bytesTotal: number): FileProgress {
    const direction = directionTo(side)
    const sums = this.#sums[direction]
    let bytesDone = 0
    let toldMs = this.#clock.monotonicMs()
    const rate = new Rate(toldMs)
    const about = (): {
      direction: Direction
      path: string
      bytesDone: number
      bytesTotal: number
      total: Progress
    } => ({
      ...{ direction, path, bytesDone, bytesTotal, total: this.total(direction) },
    })
    this.#tell({ kind: 'transfer.file-start', ...about() })
    const count = (bytes: number): void => {
      const added = Math.min(bytes, bytesTotal - bytesDone)
      bytesDone += added
      sums.bytesDone += added
    }
    return {
      add: (bytes) => {
        const now = this.#clock.monotonicMs()
        rate.add(bytes, now)
        sums.rate.add(bytes, now)
        count(bytes)
        if (now - toldMs < TELL_MS) return
        toldMs = now
        const perSecond = rate.bytesPerSecond(now)
        const left = etaMs(bytesTotal - bytesDone, perSecond)
        this.#tell({ kind: 'transfer.file-progress', ...about(), rate: perSecond, etaMs: left })
      },
      done: () => {
        count(bytesTotal - bytesDone)
        sums.filesDone += 1
        this.#tell({ kind: 'transfer.file-done', ...about() })
      },
      failed: (reason, isRetried) => {
        sums.bytesDone -= bytesDone
        bytesDone = 0
        sums.failed += 1
        this.#tell({ kind: 'transfer.file-error', ...about(), reason, isRetried })
      },
    }
  }
}

interface Sums {
  filesDone: number
  filesTotal: number
  bytesDone: number
  bytesTotal: number
  failed: number
  readonly rate: Rate
}

function newSums(nowMs: number): Sums {
  return { filesDone: 0, filesTotal: 0, bytesDone: 0, bytesTotal: 0, failed: 0, rate: new Rate(nowMs) }
}

/** Tells of a scan. */
export class ScanProgress {
  readonly #tell: Tell
  readonly #clock: Clock
  readonly #startMs: number
  readonly #rate: Rate
  #files = 0
  #bytes = 0
  #toldMs: number

  constructor(tell: Tell, clock: Clock) {
    this.#tell = tell
    this.#clock = clock
    this.#startMs = clock.monotonicMs()
    this.#toldMs = this.#startMs
    this.#rate = new Rate(this.#startMs)
    tell({ kind: 'scan.start' })
  }

  seen(files: number, bytes: number): void {
    const now = this.#clock.monotonicMs()
    this.#files += files
    this.#bytes += bytes
    this.#rate.add(bytes, now)
    if (now - this.#toldMs < TELL_MS) return
    this.#toldMs = now
    this.#tell({ kind: 'scan.progress', ...this.#counts(now) })
  }

  done(changed: number, problems: number): void {
    const now = this.#clock.monotonicMs()
    this.#tell({ kind: 'scan.done', ...this.#counts(now), changed, problems, tookMs: now - this.#startMs })
  }

  /** Nobody knows how much is still to be read. */
  #counts(now: number): { files: number; bytes: number; rate: number; etaMs: null } {
    return { files: this.#files, bytes: this.#bytes, rate: this.#rate.bytesPerSecond(now), etaMs: null }
  }
}

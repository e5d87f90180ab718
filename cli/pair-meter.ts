/** How far a run of a pair is: a bar on a terminal, plain lines elsewhere. */

import type { PairEvent } from '../protocol/api/pairs.ts'
import type { Progress } from '../protocol/api/folders.ts'
import { countOf, formatBytes, formatDuration, formatRate } from './amounts.ts'
import type { CommandContext } from './command.ts'
import type { Output } from './output.ts'
import { t } from './text.ts'
import type { World } from './world.ts'

/** Between two plain lines. */
const LINE_MS = 2000

export interface PairMeter extends AsyncDisposable {
  take(event: PairEvent): void
  /** Writes something that the bar must not be in the way of. */
  aside(write: () => void): void
}

export async function createPairMeter({ args, out, world }: CommandContext): Promise<PairMeter> {
  const meter = out.isWatched && !args.has('json') ? await createBar(world) : createLines(out)
  return {
    ...meter,
    [Symbol.asyncDispose]: async () => {
      meter.stop()
    },
  }
}

type Meter = Omit<PairMeter, keyof AsyncDisposable> & { stop(): void }

/** What an event says of the whole, if it does. */
function totalOf(event: PairEvent): Progress | undefined {
  return 'total' in event ? event.total : undefined
}

function paceOf({ rate, etaMs }: Progress): string {
  return etaMs === null ? formatRate(rate) : `${formatRate(rate)}, ${formatDuration(etaMs)} left`
}

function createLines(out: Output): Meter {
  let saidMs = performance.now()
  return {
    take: (event) => {
      const nowMs = performance.now()
      if (nowMs - saidMs < LINE_MS) return
      const total = totalOf(event)
      if (total !== undefined) {
        const { bytesDone, bytesTotal } = total
        out.note(t`${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}, ${paceOf(total)}`)
      } else if (event.kind === 'scan.progress') out.note(t`Looking: ${countOf(event.files, 'file')}`)
      else return
      saidMs = nowMs
    },
    aside: (write) => write(),
    stop: () => undefined,
  }
}

async function createBar({ stderr }: World): Promise<Meter> {
  const { SingleBar } = (await import('cli-progress')).default
  const format = '{what} [{bar}] {percentage} %  {pace}'
  const bar = new SingleBar({ stream: stderr, format, clearOnComplete: true, hideCursor: true, barsize: 28 })
  let isOn = false
  const stop = (): void => {
    if (isOn) bar.stop()
    isOn = false
  }
  const show = (done: number, all: number, fields: { what: string; pace: string }): void => {
    if (isOn) bar.setTotal(all)
    else bar.start(all, done, fields)
    isOn = true
    bar.update(done, fields)
  }
  return {
    take: (event) => {
      const total = totalOf(event)
      if (total !== undefined) {
        const what = `${formatBytes(total.bytesDone)} of ${formatBytes(total.bytesTotal)}`
        show(total.bytesDone, Math.max(1, total.bytesTotal), { what, pace: paceOf(total) })
      } else if (event.kind === 'scan.progress') show(0, 1, { what: 'Looking', pace: countOf(event.files, 'file') })
      else if (event.kind === 'scan.done' || event.kind === 'sync.done') stop()
    },
    aside: (write) => {
      stop()
      write()
    },
    stop,
  }
}

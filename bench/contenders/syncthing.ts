/** Syncthing: two devices that share a folder, over loopback; with its watcher as it is by default, or told when to scan. */

import { join } from 'node:path'
import { cpuSeconds } from '../processes.ts'
import type { Expected } from '../same.ts'
import { looksThere } from '../same.ts'
import { Bell, until, untilHeard } from '../waiting.ts'
import { WireCounter } from '../wire.ts'
import type { Contender } from './contender.ts'
import { SyncthingSide } from './syncthing-side.ts'

const LOOK_MS = 20

export interface SyncthingPair extends Contender {
  readonly a: SyncthingSide
  readonly b: SyncthingSide
  /** Follows the events of a side that was started again. */
  reconnect(): void
}

/** @param byHand scans as soon as something was changed, instead of waiting for the watcher */
export async function startSyncthing(directory: string, byHand: boolean): Promise<SyncthingPair> {
  await using stack = new AsyncDisposableStack()
  const sides: SyncthingSide[] = []
  for (const name of ['a', 'b']) {
    const side = await SyncthingSide.create(join(directory, name))
    stack.defer(() => side.stop())
    sides.push(side)
  }
  const [a, b] = sides
  if (a === undefined || b === undefined) throw new Error('two sides were started')
  await a.introduce(b)
  await b.introduce(a)
  await until(async () => (await a.isConnectedWith(b)) && (await b.isConnectedWith(a)), {
    what: 'Syncthing is connected',
    everyMs: 50,
  })
  const pair = joinSides(a, b, byHand, stack.move())
  await pair.settled({ files: 0, present: [], absent: [] })
  return pair
}

function joinSides(a: SyncthingSide, b: SyncthingSide, byHand: boolean, running: AsyncDisposableStack): SyncthingPair {
  const bell = new Bell()
  const following = new AbortController()
  const wire = new WireCounter(() => [a.port, b.port])
  const reconnect = (): void => {
    b.followIdle(() => bell.ring(), following.signal).catch(() => undefined)
  }
  reconnect()
  return {
    ...{ program: byHand ? 'Syncthing by hand' : 'Syncthing', a, b, here: a.root, there: b.root, reconnect },
    settled: async (expected) => {
      if (byHand) await a.scan()
      await untilHeard(bell, () => isSettled(a, b, expected), { what: 'Syncthing is in sync', everyMs: LOOK_MS })
    },
    cpuSeconds: () => cpuSeconds(a.pid) + cpuSeconds(b.pid),
    wireBytes: () => wire.bytes(),
    sides: [a, b],
    rescan: async () => {
      await a.scan()
      return 'done'
    },
    [Symbol.asyncDispose]: async () => {
      following.abort()
      await running.disposeAsync()
    },
  }
}

async function isSettled(a: SyncthingSide, b: SyncthingSide, expected: Expected): Promise<boolean> {
  if (!looksThere(a.root, b.root, expected)) return false
  const there = await b.folder()
  if (there.localFiles !== expected.files || there.needFiles > 0 || there.state !== 'idle') return false
  return (await a.folder()).localFiles === expected.files
}

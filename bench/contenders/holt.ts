/** Holt: two devices that share a folder, over loopback. */

import { join } from 'node:path'
import type { Expected } from '../same.ts'
import { looksThere } from '../same.ts'
import { Bell, untilHeard } from '../waiting.ts'
import { cpuSeconds } from '../processes.ts'
import { WireCounter } from '../wire.ts'
import type { Contender } from './contender.ts'
import { HoltSide, pairSides, shareFolder } from './holt-side.ts'

const LOOK_MS = 20
const NOT_FOUND = 404

export interface HoltPair extends Contender {
  readonly program: 'Holt'
  readonly a: HoltSide
  readonly b: HoltSide
  /** Follows the events of sides that were started again, and knows their ports. */
  reconnect(): Promise<void>
}

/** @param write fills a root before it is shared */
export async function startHolt(directory: string, write?: (root: string) => Promise<unknown>): Promise<HoltPair> {
  const [a, b] = [new HoltSide(join(directory, 'a')), new HoltSide(join(directory, 'b'))]
  await using stack = new AsyncDisposableStack()
  stack.defer(async () => {
    await Promise.all([a.stop(), b.stop()])
  })
  if (write !== undefined) await Promise.all([a, b].map(({ root }) => write(root)))
  await Promise.all([a.start(), b.start()])
  await pairSides(a, b)
  if (write === undefined) await shareFolder(a, b)
  const pair = await joinSides(a, b, stack.move())
  if (write === undefined) await pair.settled({ files: 0, present: [], absent: [] })
  return pair
}

async function joinSides(a: HoltSide, b: HoltSide, running: AsyncDisposableStack): Promise<HoltPair> {
  const bell = new Bell()
  const following = new AbortController()
  let ports: number[] = []
  const wire = new WireCounter(() => ports)
  const reconnect = async (): Promise<void> => {
    ports = await Promise.all([a.port(), b.port()])
    for (const side of [a, b]) {
      await side.follow((event) => {
        if (event.kind === 'folder.state' && event.state.kind === 'in-sync') bell.ring()
      }, following.signal)
    }
  }
  await reconnect()
  return {
    ...{ program: 'Holt', a, b, here: a.root, there: b.root, reconnect },
    settled: (expected) =>
      untilHeard(bell, () => isSettled(a, b, expected), { what: 'Holt is in sync', everyMs: LOOK_MS }),
    cpuSeconds: () => cpuSeconds(a.pid) + cpuSeconds(b.pid),
    wireBytes: () => wire.bytes(),
    sides: [a, b],
    rescan: async () => ((await a.post('/folders/Bench/scan')) === NOT_FOUND ? 'not-offered' : 'done'),
    [Symbol.asyncDispose]: async () => {
      following.abort()
      await running.disposeAsync()
    },
  }
}

/** The look at the disk comes first: it is cheap, and disturbs nobody. */
async function isSettled(a: HoltSide, b: HoltSide, expected: Expected): Promise<boolean> {
  if (!looksThere(a.root, b.root, expected)) return false
  const there = await b.folder()
  if (there.held.files !== expected.files || there.state.kind !== 'in-sync') return false
  const here = await a.folder()
  return here.held.files === expected.files && here.state.kind === 'in-sync' && here.digest === there.digest
}

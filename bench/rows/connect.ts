/** From the start of two devices that know each other until they are connected. */

import { join } from 'node:path'
import { freePort } from '../../test/free-port.ts'
import type { Host } from '../../test/lan/namespaces.ts'
import { lanSkipReason, makeLan } from '../../test/lan/namespaces.ts'
import type { Block, BlockRun } from '../block.ts'
import { HoltSide, pairSides } from '../contenders/holt-side.ts'
import { SyncthingSide } from '../contenders/syncthing-side.ts'
import type { Row, Value } from '../row.ts'
import { median, valueOf } from '../row.ts'
import { until } from '../waiting.ts'

const STARTS = 10
const QUICK_STARTS = 2
const LAN_STARTS = 3
const LOOK_MS = 10
/** A program that takes longer than this for all of them is started less often. */
const ENOUGH_SECONDS = 60
/** The last number of an address that no device has had. */
const FRESH_ADDRESS = 20

const medianRow: Row = {
  id: 'start-connected',
  title: 'start → connected, static address',
  unit: 's',
  sentence:
    'Two devices with a static address of each other start at the same moment; until both say that they are connected. The median of ten.',
}
const worstRow: Row = {
  id: 'start-connected-worst',
  title: 'start → connected, the worst of ten',
  unit: 's',
  sentence: 'Of the same ten starts.',
}
const lanRow: Row = {
  id: 'lan-connected',
  title: 'LAN discovery → connected',
  unit: 's',
  sentence:
    'Two devices in network namespaces start at the same moment with addresses that they have never had, and find each other by multicast; the median of three, fewer where each takes a minute. Needs root.',
}

/** Two devices that know each other. */
interface Couple extends AsyncDisposable {
  stop(): Promise<void>
  /** Spawns both. */
  spawn(): void
  isConnected(): Promise<boolean>
}

export const connectBlock: Block = {
  ...{ name: 'connect', set: undefined, rows: [medianRow, worstRow], programs: ['Holt', 'Syncthing'], isLong: true },
  run: async (o) => {
    await using couple = o.program === 'Holt' ? await makeHoltCouple(o) : await makeSyncthingCouple(o.directory)
    const seconds: number[] = []
    for (let i = 0; i < (o.isQuick ? QUICK_STARTS : STARTS); i += 1) seconds.push(await startOnce(couple))
    return [...valueOf(medianRow, median(seconds)), ...valueOf(worstRow, Math.max(...seconds))] satisfies Value[]
  },
}

export const lanBlock: Block = {
  ...{ name: 'lan', set: undefined, rows: [lanRow], programs: ['Holt', 'Syncthing'], isLong: true },
  run: async (o) => {
    const reason = lanSkipReason()
    if (reason !== false) throw new Error(reason)
    using lan = makeLan(2, 'none')
    await using couple =
      o.program === 'Holt' ? await makeHoltCouple(o, lan.hosts) : await makeSyncthingCouple(o.directory, lan.hosts)
    const seconds: number[] = []
    for (let i = 0; i < (o.isQuick ? 1 : LAN_STARTS) && sum(seconds) < ENOUGH_SECONDS; i += 1) {
      seconds.push(
        await startOnce(couple, () => {
          for (const [k, host] of lan.hosts.entries()) host.setAddress(`10.77.0.${FRESH_ADDRESS + 2 * i + k}`)
        }),
      )
    }
    return valueOf(lanRow, median(seconds))
  },
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0)
}

/** @param between is done while neither runs */
async function startOnce(couple: Couple, between?: () => void): Promise<number> {
  await couple.stop()
  between?.()
  const beganMs = performance.now()
  couple.spawn()
  await until(() => couple.isConnected().catch(() => false), { what: 'both are connected', everyMs: LOOK_MS })
  return (performance.now() - beganMs) / 1000
}

/** @param hosts where they run, one each, and are found by multicast; without: on this machine, with static addresses */
async function makeHoltCouple({ directory }: BlockRun, hosts?: readonly Host[]): Promise<Couple> {
  await using stack = new AsyncDisposableStack()
  const addresses = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`]
  const [a, b] = ['a', 'b'].map((name, i) => {
    const fixed = {
      HOLT_DISCOVERY: 'false',
      HOLT_LISTEN: addresses[i] ?? '',
      HOLT_STATIC_ADDRESSES: addresses[1 - i] ?? '',
    }
    const prefix = hosts?.[i]?.prefix
    return new HoltSide(join(directory, name), prefix === undefined ? { environment: fixed } : { prefix })
  })
  if (a === undefined || b === undefined) throw new Error('there are two sides')
  const stop = async (): Promise<void> => {
    await Promise.all([a.stop(), b.stop()])
  }
  stack.defer(stop)
  await Promise.all([a.start(), b.start()])
  await pairSides(a, b, hosts === undefined ? addresses[0] : undefined)
  const running = stack.move()
  return {
    stop,
    spawn: () => {
      a.spawn()
      b.spawn()
    },
    isConnected: async () => (await a.isConnected()) && (await b.isConnected()),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

async function makeSyncthingCouple(directory: string, hosts?: readonly Host[]): Promise<Couple> {
  await using stack = new AsyncDisposableStack()
  const sides: SyncthingSide[] = []
  for (const [i, name] of ['a', 'b'].entries()) {
    const prefix = hosts?.[i]?.prefix
    const options = prefix === undefined ? {} : { prefix, isDiscovered: true }
    const side = await SyncthingSide.create(join(directory, name), options)
    stack.defer(() => side.stop())
    sides.push(side)
  }
  const [a, b] = sides
  if (a === undefined || b === undefined) throw new Error('there are two sides')
  await a.introduce(b)
  await b.introduce(a)
  const running = stack.move()
  return {
    stop: async () => {
      await Promise.all([a.stop(), b.stop()])
    },
    spawn: () => {
      a.spawn()
      b.spawn()
    },
    isConnected: async () => (await a.isConnectedWith(b)) && (await b.isConnectedWith(a)),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

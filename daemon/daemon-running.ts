/** What a daemon does for as long as it runs. */

import { flushCompileCache } from 'node:module'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import type { DeviceId } from '../protocol/ids.ts'
import type { OpenedCatalogue } from './catalogue/catalogue-file.ts'
import type { AbortOptions } from './ports.ts'
import type { ServiceParts } from './service/parts.ts'
import { serveClock, watchClocks } from './sync/clock-check.ts'
import type { DeviceSync } from './sync/device-sync.ts'
import type { GroupKeeper } from './sync/group-keeper.ts'
import type { Latch } from './sync/latch.ts'
import { servePortChecks } from './sync/port-check.ts'
import { dialStatic } from './sync/static-dial.ts'
import type { MachineWatch } from './system-clock.ts'
import { watchMachine } from './system-clock.ts'

export interface RunningParts {
  readonly parts: ServiceParts
  readonly sync: DeviceSync
  readonly keeper: GroupKeeper
  readonly staticAddresses: readonly string[]
  readonly isDiscovering: boolean
  /** Raised when a session begins. */
  readonly sessionBegun: Latch
  /** Where a device was reached before is known, so that it is dialled there. */
  readonly isDialled: (device: DeviceId) => boolean
}

/** Runs until the signal aborts, or a part cannot go on. */
export async function runAll(running: RunningParts, o: AbortOptions): Promise<void> {
  const { sync, keeper, parts, staticAddresses } = running
  const { transport } = parts
  const { clock, log, random } = parts.deps
  parts.events.publish({ kind: 'daemon.started', version: parts.facts.version, wasClean: parts.notes.wasClean })
  using _uploads = parts.uploads
  using _checks = servePortChecks({ transport, clock }, o)
  using _clock = serveClock({ transport, clock }, o)
  const loops = [
    sync.run(o),
    keeper.run(o),
    parts.feed.run(o),
    dialStatic({ transport, clock, random, log, ...missingIn(running) }, staticAddresses, o),
    watchClocks(
      {
        ...{ transport, clock },
        online: () => [...sync.engine.sessions().all()].map(({ remote }) => remote),
        hasBegun: running.sessionBegun,
        onSeen: (device, aheadMs) => parts.suspicions.clockSeen(device, aheadMs),
      },
      o,
    ),
    watchMachine(clock, machineWatch(running), o),
  ]
  try {
    await Promise.all(loops)
  } catch (cause) {
    if (!o.signal.aborted) throw cause
  } finally {
    await Promise.allSettled(o.signal.aborted ? loops : [])
  }
}

function missingIn({ parts, isDialled }: RunningParts): { isAnyMissing(): boolean; areDialled(): boolean } {
  const { groupLog, transport } = parts
  const missing = () =>
    [...groupLog.state.members.keys()].filter(
      (device) => device !== transport.self && transport.addressOf(device) === undefined,
    )
  return {
    isAnyMissing: () => missing().length > 0,
    areDialled: () => missing().every(isDialled),
  }
}

/** Where devices are discovered, the network is watched there. */
function machineWatch({ sync, parts, isDiscovering }: RunningParts): MachineWatch {
  return {
    onResume: (sleptMs) => {
      parts.deps.log.event('machine.resumed', { sleptMs })
      parts.events.publish({ kind: 'daemon.resumed', sleptMs: Math.floor(sleptMs) })
      sync.engine.rescan()
      parts.transport.redial()
    },
    ...(isDiscovering ? {} : { onNetworkChange: () => parts.transport.redial() }),
  }
}

export function heapBytes(): number {
  return getHeapStatistics().used_heap_size
}

/**
 * From now on the old generation is collected when it has grown by a quarter: by default it may grow fourfold.
 * `peers/passing-memory.ts` asks for what that would make too dear. A start is over sooner without it.
 */
const STARTED_FLAG = '--heap-growing-percent=25'

/** The start is over. What was compiled is written first: V8 takes it back only under the flags that it was compiled with. */
export function holdHeap(): void {
  flushCompileCache()
  setFlagsFromString(STARTED_FLAG)
}

export function giveBack({ catalogue }: OpenedCatalogue): void {
  catalogue.rest()
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}

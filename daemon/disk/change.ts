/** A batch of changes of the folder: in order, several at once where they do not touch each other, durable together. */

import { setImmediate } from 'node:timers/promises'
import { ProtocolError } from '../../protocol/errors.ts'
import type { RelPath } from '../../protocol/path.ts'
import { ancestorsOf } from '../../protocol/path.ts'
import type { AbortOptions, ApplyFault, BatchLabel, TreeChange, TreeOutcome } from '../ports.ts'
import { CHANGED, openChangeRoom } from './change-room.ts'
import type { ChangeRoom } from './change-room.ts'
import { applyChange } from './change-steps.ts'
import type { DiskContext } from './context.ts'
import { TreeError, toTreeError } from './disk-error.ts'

/** Changes under way at once. */
const IN_FLIGHT_MAX = 16
/** How long a batch works before others get their turn, in milliseconds. */
const TURN_MS = 5

/**
 * An abort between two changes ends the batch; what was done before is synced all the same, then this rejects.
 * @throws TreeError `io`, `no-space` and others: what was done may not survive a power cut.
 */
export async function changeTree(
  context: DiskContext,
  batch: readonly TreeChange[],
  label: BatchLabel,
  { signal }: AbortOptions,
): Promise<readonly TreeOutcome[]> {
  signal.throwIfAborted()
  try {
    await using room = openChangeRoom(context, batch, label)
    const outcomes: TreeOutcome[] = []
    for (const run of toRuns(batch, context.traits.caseSensitive)) {
      if (signal.aborted) break
      outcomes.push(...(await applyRun(room, run, signal)))
    }
    await room.finish()
    signal.throwIfAborted()
    return outcomes
  } catch (cause) {
    if (signal.aborted) throw cause
    throw toTreeError(cause, 'the folder could not be changed')
  }
}

/** Splits a batch where a change has to wait for those before it. */
function toRuns(batch: readonly TreeChange[], isCaseSensitive: boolean): TreeChange[][] {
  const runs: TreeChange[][] = []
  let paths = new Set<string>()
  let above = new Set<string>()
  const keyOf = (path: RelPath): string => (isCaseSensitive ? path : path.toLowerCase())
  for (const change of batch) {
    const key = keyOf(change.path)
    const ancestors = ancestorsOf(change.path).map(keyOf)
    const isFree = isAlone(change) && !paths.has(key) && !above.has(key) && !ancestors.some((each) => paths.has(each))
    const last = runs.at(-1)
    if (isFree && last !== undefined && paths.size > 0) last.push(change)
    else {
      runs.push([change])
      paths = new Set()
      above = new Set()
    }
    if (isAlone(change)) paths.add(key)
    for (const each of ancestors) above.add(each)
  }
  return runs
}

/** Whether a change touches nothing but its own path. */
function isAlone({ kind }: TreeChange): boolean {
  return kind === 'place' || kind === 'symlink' || kind === 'touch' || kind === 'remove'
}

/** One outcome a change, in order; fewer after an abort. */
async function applyRun(room: ChangeRoom, run: readonly TreeChange[], signal: AbortSignal): Promise<TreeOutcome[]> {
  const outcomes: TreeOutcome[] = []
  const breath = new Breath()
  let next = 0
  const lane = async (): Promise<void> => {
    while (!signal.aborted) {
      const at = next++
      const change = run[at]
      if (change === undefined) return
      await room.directories.room()
      await breath.take()
      outcomes[at] = await outcomeOf(room, change)
    }
  }
  const lanes = Array.from({ length: Math.min(IN_FLIGHT_MAX, run.length) }, lane)
  for (const settled of await Promise.allSettled(lanes)) {
    if (settled.status === 'rejected') throw settled.reason
  }
  return outcomes
}

/** Lets other work of the process have its turn: most steps of a change are calls that do not wait. */
class Breath {
  #turnEndsMs = performance.now() + TURN_MS
  #pause: Promise<void> | undefined

  /** All lanes of a run pause together. */
  async take(): Promise<void> {
    if (performance.now() < this.#turnEndsMs) return
    this.#pause ??= this.#letOthers()
    await this.#pause
  }

  async #letOthers(): Promise<void> {
    await setImmediate()
    this.#turnEndsMs = performance.now() + TURN_MS
    this.#pause = undefined
  }
}

/** Never rejects for what the disk does. */
async function outcomeOf(room: ChangeRoom, change: TreeChange): Promise<TreeOutcome> {
  try {
    return await applyChange(room, change)
  } catch (cause) {
    if (cause instanceof TreeError && cause.code === 'changed') return CHANGED
    if (cause instanceof ProtocolError) throw cause
    if (!(cause instanceof Error) || !('code' in cause)) throw cause
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR' || cause.code === 'ELOOP') return CHANGED
    return { kind: 'failed', reason: faultOf(cause.code), message: cause.message }
  }
}

function faultOf(code: unknown): ApplyFault {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'no-space'
    case 'EROFS':
      return 'read-only'
    case 'EACCES':
    case 'EPERM':
      return 'denied'
    case 'ENAMETOOLONG':
    case 'EINVAL':
      return 'name-impossible'
    case 'EBUSY':
    case 'ETXTBSY':
      return 'locked'
    default:
      return 'io'
  }
}

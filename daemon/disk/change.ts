/**
 * A batch of changes of the folder, in a thread: in order, and durable together. What is to be placed is synced first, many at a
 * time, for the disk writes many files in little more time than one; then each takes its place, which waits for nothing.
 */

import { closeSync, fdatasync, fsync } from 'node:fs'
import { promisify } from 'node:util'
import { ProtocolError } from '../../protocol/errors.ts'
import type { RelPath } from '../../protocol/path.ts'
import { ancestorsOf } from '../../protocol/path.ts'
import type { AbortOptions, ApplyFault, BatchLabel, TreeChange, TreeOutcome } from '../ports.ts'
import type { JobOptions, Threads } from '../threads-port.ts'
import { CHANGED, openChangeRoom, toRecords } from './change-room.ts'
import type { ChangeRoom, Unsynced } from './change-room.ts'
import { applyChange, placeFile, readyToPlace } from './change-steps.ts'
import type { ReadyFile } from './change-steps.ts'
import type { DiskContext } from './context.ts'
import { incomingDirectory } from './context.ts'
import { TreeError, toTreeError } from './disk-error.ts'
import { DiskNames } from './names.ts'
import type { ChangeJob } from './thread-jobs.ts'

/** Files that are synced at once: each commit of the file system's journal takes all of them. */
const SYNCS_MAX = 64
/** Files that are open at once, until they are synced. */
const GROUP_MAX = 256
/** How long a batch works before others get their turn, in milliseconds. */
const TURN_MS = 5
const syncData = promisify(fdatasync)
const syncFd = promisify(fsync)

/**
 * An abort between two changes ends the batch; what was done before is synced all the same, then this rejects.
 * @throws TreeError `io`, `no-space` and others: what was done may not survive a power cut.
 */
export async function changeTree(
  context: DiskContext,
  threads: Threads,
  batch: readonly TreeChange[],
  label: BatchLabel,
  { signal }: AbortOptions,
): Promise<readonly TreeOutcome[]> {
  const { root, traits, names } = context
  const paths = batch.flatMap((change) => (change.kind === 'rename' ? [change.path, change.from] : [change.path]))
  const records = toRecords(context.clock.wallMs(), batch, label)
  const job: ChangeJob = { kind: 'change', root, traits, names: names.leadingTo(paths), batch, records }
  try {
    const outcomes = await threads.run(job, { signal, isSettled: true, lane: incomingDirectory(root) })
    for (const [i, change] of batch.entries()) if (outcomes[i]?.kind === 'done') forgetNames(names, change)
    return outcomes
  } catch (cause) {
    if (signal.aborted) throw cause
    throw toTreeError(cause, 'the folder could not be changed')
  }
}

/** What left its path, or came there by our own doing, is called on the disk as it is in the path. */
function forgetNames(names: DiskNames, change: TreeChange): void {
  if (change.kind === 'rename') names.forget(change.from)
  if (change.kind === 'rename' || change.kind === 'remove' || change.kind === 'remove-directory') {
    names.forget(change.path)
  }
}

/** One outcome a change, in order. */
export async function changeInThread(
  { root, traits, names, batch, records }: ChangeJob,
  o: JobOptions,
): Promise<readonly TreeOutcome[]> {
  await using room = openChangeRoom({ root, traits, names: new DiskNames(names) }, records)
  const outcomes: TreeOutcome[] = []
  for (const run of toRuns(batch, traits.caseSensitive)) {
    for (let at = 0; at < run.length && !o.signal.aborted; at += GROUP_MAX) {
      outcomes.push(...(await applyGroup(room, run.slice(at, at + GROUP_MAX), o)))
    }
  }
  await room.finish()
  o.signal.throwIfAborted()
  return outcomes
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
async function applyGroup(room: ChangeRoom, group: readonly TreeChange[], o: JobOptions): Promise<TreeOutcome[]> {
  const breath = new Breath(o)
  const prepared: (ReadyFile | TreeOutcome | undefined)[] = []
  try {
    for (const change of group) {
      await breath.take()
      prepared.push(change.kind === 'place' ? outcomeOf(() => readyToPlace(room, change)) : undefined)
    }
  } catch (cause) {
    for (const { fd } of prepared.filter(isReady)) closeSync(fd)
    throw cause
  }
  await syncAll(prepared.filter(isReady), syncData)
  const outcomes: TreeOutcome[] = []
  const unsynced = new Map<Unsynced, number>()
  for (const [i, change] of group.entries()) {
    if (o.signal.aborted) break
    await room.directories.room()
    await breath.take()
    const file = prepared[i]
    outcomes.push(
      isReady(file) ? outcomeOf(() => placeFile(room, file)) : (file ?? outcomeOf(() => applyChange(room, change))),
    )
    for (const each of room.takeUnsynced()) unsynced.set(each, i)
  }
  await syncAll([...unsynced.keys()], syncFd)
  for (const [{ fault }, i] of unsynced) if (fault !== undefined) outcomes[i] = outcomeOf(() => raise(fault))
  return outcomes
}

function isReady(file: ReadyFile | TreeOutcome | undefined): file is ReadyFile {
  return file?.kind === 'ready'
}

/** Syncs and closes files, many at a time; what fails is noted with the file. */
async function syncAll(files: readonly Unsynced[], sync: (fd: number) => Promise<void>): Promise<void> {
  const rest = files.values()
  const lane = async (): Promise<void> => {
    for (const file of rest) {
      try {
        await sync(file.fd)
      } catch (cause) {
        file.fault = cause instanceof Error ? cause : new Error(String(cause))
      } finally {
        closeSync(file.fd)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(SYNCS_MAX, files.length) }, lane))
}

/** Lets other jobs of the thread have their turn: most steps of a change are calls that do not wait. */
class Breath {
  readonly #o: JobOptions
  #turnEndsMs = performance.now() + TURN_MS

  constructor(o: JobOptions) {
    this.#o = o
  }

  async take(): Promise<void> {
    if (performance.now() < this.#turnEndsMs || this.#o.signal.aborted) return
    // It rejects when the job is given up, which whoever works sees at the signal: what was done is synced first.
    await this.#o.turn().catch(() => undefined)
    this.#turnEndsMs = performance.now() + TURN_MS
  }
}

function raise(fault: Error): never {
  throw fault
}

/** Never throws for what the disk does. */
function outcomeOf<T>(act: () => T): T | TreeOutcome {
  try {
    return act()
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

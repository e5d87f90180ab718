/** Files that change faster than they can be read: listed, and read again less and less often, so that nothing else waits for them. */

import type { RelPath } from '../../protocol/path.ts'
import { nextDelayMs } from '../core/backoff.ts'
import type { Folder } from './folder.ts'

/** A file that is just being saved changes once or twice; one that does more often is unstable. */
const CHANGES_QUIET_MAX = 3
/** Steps that the waiting is ahead of that of a lost stream: it begins at some seconds. */
const DELAY_STEPS = 4
const SENTENCE =
  'It changes faster than it can be read. It is read again when it rests; ignore it if it always changes.'

export interface Unstable {
  readonly changes: number
  /** On the monotonic clock. */
  readonly untilMs: number
}

/** A file was another one after it was read. @returns whether to read it again at once. */
export function noteUnstable({ unstable, failures, deps }: Folder, path: RelPath): boolean {
  const changes = (unstable.get(path)?.changes ?? 0) + 1
  const isUnstable = changes > CHANGES_QUIET_MAX
  const random01 = (deps.random.bytes(1)[0] ?? 0) / 256
  const delayMs = isUnstable ? nextDelayMs(changes - CHANGES_QUIET_MAX + DELAY_STEPS, random01) : 0
  unstable.set(path, { changes, untilMs: deps.clock.monotonicMs() + delayMs })
  if (isUnstable) failures.set(path, { path, code: 'unstable', sentence: SENTENCE })
  return !isUnstable
}

/** Whether a file may be read now; what failed is looked at again now and then. */
export function isCalm({ unstable, deps }: Folder, path: RelPath): boolean {
  return (unstable.get(path)?.untilMs ?? 0) <= deps.clock.monotonicMs()
}

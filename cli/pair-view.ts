/** A run of a pair in words: each change with its reason, the counts, what stands in the way. */

import type { PairChange, PairPreview, PairProblem, PairResult } from '../protocol/api/pairs.ts'
import { countOf, formatBytes, formatCount, formatDuration } from './amounts.ts'
import type { Text } from './text.ts'
import { joined, styled, t } from './text.ts'

/** Changes that a plan shows; all of them are in `--json`. */
const CHANGES_SHOWN_MAX = 2000

const VERBS: Readonly<Record<PairChange['action'], string>> = {
  create: 'create',
  update: 'update',
  delete: 'delete',
  rename: 'rename',
  touch: 'touch',
  'make-directory': 'mkdir',
  'conflict-copy': 'keep',
}

/** `→ update  photos/a.jpg`. The arrow shows the side that changes. */
export function renderChange({ side, action, path, from }: PairChange): Text {
  const arrow = side === 'destination' ? '→' : '←'
  const old = action === 'rename' && from !== null ? t` (was ${from})` : t``
  return t`${styled(action === 'delete' ? 'red' : 'green', `${arrow} ${VERBS[action].padEnd(6)}`)}  ${path}${old}`
}

export function renderPlan(result: PairResult): Text[] {
  const { plan, changes, halt } = result
  const shown = plan.slice(0, CHANGES_SHOWN_MAX)
  const rest = changes - shown.length
  return [
    ...shown.map((change) => t`${renderChange(change)}  ${styled('dim', change.reason.sentence)}`),
    ...(rest > 0 ? [t`… and ${countOf(rest, 'more change')}.`] : []),
    ...renderWaiting(result),
    ...(halt === null ? [] : [t`${styled('yellow', halt.sentence)} It would wait for a yes.`]),
    changes === 0 ? t`Nothing is to be done.` : t`${countOf(changes, 'change')} to be made. Nothing was changed.`,
  ]
}

/** What came of a run, as its last lines. */
export function renderOutcome(result: PairResult): Text[] {
  const { state, tookMs, changes } = result
  if (state === 'halted') return []
  const counts = countsOf(result)
  const done = changes === 0 || counts.length === 0 ? t`Nothing was to be done.` : t`Done: ${joined(counts, ', ')}.`
  return [...renderWaiting(result), t`${done} ${styled('dim', `(${formatDuration(tookMs)})`)}`]
}

function countsOf(result: PairResult): Text[] {
  const deleted = result.deletesSource + result.deletesDestination
  const renamed = result.renamesSource + result.renamesDestination
  const counts: readonly (Text | undefined)[] = [
    result.uploads > 0 ? t`${countOf(result.uploads, 'file')} up (${formatBytes(result.bytesSent)})` : undefined,
    result.downloads > 0
      ? t`${countOf(result.downloads, 'file')} down (${formatBytes(result.bytesReceived)})`
      : undefined,
    deleted > 0 ? t`${formatCount(deleted)} deleted` : undefined,
    renamed > 0 ? t`${formatCount(renamed)} renamed` : undefined,
    result.conflicts > 0 ? t`${countOf(result.conflicts, 'conflict')}` : undefined,
    result.skips > 0 ? t`${formatCount(result.skips)} left as they are` : undefined,
    result.errors > 0 ? t`${countOf(result.errors, 'problem')}` : undefined,
  ]
  const some = counts.flatMap((each) => (each === undefined ? [] : [each]))
  return some.length === 0 && result.changes > 0 ? [t`${countOf(result.changes, 'change')}`] : some
}

/** Conflicts, and paths that are not synced, each with its reason. */
function renderWaiting({ conflictList, problems }: PairResult): Text[] {
  return [
    ...conflictList.map(
      ({ path, reason, copy }) =>
        t`${styled('yellow', '!')} ${path}: ${reason.sentence}${copy === null ? t`` : t` Kept beside it: ${copy}`}`,
    ),
    ...problems.map(renderProblem),
  ]
}

function renderProblem({ side, path, reason }: PairProblem): Text {
  return t`${styled('red', '✖')} ${path}${side === null ? '' : ` (${side})`}: ${reason.sentence}`
}

/** Why a run waits for a person, with the counts. */
export function renderHalted({ halt }: PairResult): Text[] {
  if (halt === null) return []
  return [
    styled('yellow', halt.sentence),
    countsLine('source', halt.source),
    countsLine('destination', halt.destination),
  ]
}

function countsLine(side: string, counts: PairPreview['source']): Text {
  const { files, arriving, overwritten, deleted, renamed } = counts
  const [new_, over] = [formatCount(arriving), formatCount(overwritten)]
  return t`  ${side}: ${countOf(files, 'file')}; ${new_} would arrive, ${over} be overwritten, ${formatCount(deleted)} deleted, ${formatCount(renamed)} renamed`
}

/**
 * What can be taken back in one step: everything that one device's change, made in one go, took away here. All devices see the
 * same author and the same seconds, so they mean the same by a step, whenever the change reached them.
 */

import type { DeviceId } from '../../protocol/ids.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { VersionRecord } from '../ports.ts'
import type { Became } from '../versions-port.ts'
import { stampOf } from './conflict.ts'

/** Changes of one device that are no further apart were made in one go, in seconds: of deletions, and of anything else. */
const DELETIONS_APART_S = 90
const CHANGES_APART_S = 10
/** What goes on for longer is more than one step, in seconds. */
const STEP_S_MAX = 3600
/** Characters of a device id that tell devices apart. */
const DEVICE_CHARACTERS = 7

/** Reasons of what was kept when a person took something back. */
export const UNDONE = 'undone'
export const RESTORED = 'restored'

/** Reasons of what nobody's change took away: it was damaged, or is kept by other devices only. */
const NO_STEP: readonly string[] = ['damaged', 'left-out']

/** Whose change it was, and in which seconds of that device's clock, both inclusive. */
export interface StepRange {
  readonly by: DeviceId
  readonly first: number
  readonly last: number
}

export interface UndoStep {
  readonly id: string
  /** Null where nobody noted whose change it was: then a pass of this device is a step. */
  readonly range: StepRange | null
  /** When the last of it was kept here: milliseconds since 1970. */
  readonly keptMs: number
  readonly deleted: number
  readonly replaced: number
  /** It took something back itself. */
  readonly isUndo: boolean
  /** Oldest first. */
  readonly records: readonly VersionRecord[]
}

/** @param records oldest first. @returns newest first */
export function undoSteps(records: readonly VersionRecord[]): UndoStep[] {
  const steps = [...stepsByAuthor(records), ...stepsByBatch(records)]
  return steps.sort((a, b) => b.keptMs - a.keptMs || (a.id < b.id ? 1 : -1))
}

type Known = VersionRecord & { readonly taken: NonNullable<VersionRecord['taken']> }

function stepsByAuthor(records: readonly VersionRecord[]): UndoStep[] {
  const known = records.filter((record): record is Known => record.taken !== null)
  return [...Map.groupBy(known, ({ taken }) => taken.by)].flatMap(([by, own]) => {
    const groups: Known[][] = []
    for (const record of own.toSorted((a, b) => a.taken.second - b.taken.second)) {
      const last = groups.at(-1)
      if (last !== undefined && isOneGo(last, record)) last.push(record)
      else groups.push([record])
    }
    return groups.map((group) => {
      const seconds = group.map(({ taken }) => taken.second)
      const [first = 0, last = first] = [seconds[0], seconds.at(-1)]
      return toStep(stepId(by, first), { by, first, last }, group)
    })
  })
}

function isOneGo(group: readonly Known[], next: Known): boolean {
  const [first, last] = [group[0], group.at(-1)]
  if (first === undefined || last === undefined) return false
  const areDeletions = last.taken.became === 'deleted' && next.taken.became === 'deleted'
  const apart = next.taken.second - last.taken.second
  return (
    apart <= (areDeletions ? DELETIONS_APART_S : CHANGES_APART_S) &&
    next.taken.second - first.taken.second <= STEP_S_MAX &&
    isTakingBack(last) === isTakingBack(next)
  )
}

/** Where only the pass is known: versions that an earlier Holt kept. What was damaged, or has no line in the log, is of no step. */
function stepsByBatch(records: readonly VersionRecord[]): UndoStep[] {
  const unknown = records.filter(
    ({ taken, batch, reason }) => taken === null && batch !== 'unknown' && !NO_STEP.includes(reason),
  )
  return [...Map.groupBy(unknown, ({ batch }) => batch)].map(([batch, group]) => toStep(batch, null, group))
}

function toStep(id: string, range: StepRange | null, group: readonly VersionRecord[]): UndoStep {
  const paths = targetsOf(group)
  return {
    id,
    range,
    keptMs: group.reduce((newest, { keptMs }) => Math.max(newest, keptMs), 0),
    deleted: paths.filter(({ became }) => became === 'deleted').length,
    replaced: paths.filter(({ became }) => became !== 'deleted').length,
    isUndo: group.every(isTakingBack),
    records: group.toSorted((a, b) => a.keptMs - b.keptMs),
  }
}

function isTakingBack({ reason }: VersionRecord): boolean {
  return reason === UNDONE || reason === RESTORED
}

/** `20261121-143005-<last 7 of the device>`. */
export function stepId(by: DeviceId, second: number): string {
  return `${stampOf(second * 1000)}-${by.slice(-DEVICE_CHARACTERS)}`
}

/** Whether two devices mean the same step: what one has of it may begin later or end earlier. */
export function isSameStep(a: StepRange, b: StepRange): boolean {
  const apart = Math.max(a.first, b.first) - Math.min(a.last, b.last)
  return a.by === b.by && apart <= CHANGES_APART_S
}

/** Whether a person means a step by an id: another device may have called it by another second of it. */
export function isCalled({ id, range }: Pick<UndoStep, 'id' | 'range'>, asked: string): boolean {
  if (id === asked) return true
  if (range === null || range.last - range.first > STEP_S_MAX) return false
  const length = range.last - range.first + 1
  return Array.from({ length }, (_, i) => stepId(range.by, range.first + i)).includes(asked)
}

/** A path of a step: what it held before, and what the step made of it. */
export interface Target {
  readonly path: RelPath
  readonly version: VersionRecord
  readonly became: Became | null
}

/** Each path of a step once. */
export function targetsOf(records: readonly VersionRecord[]): Target[] {
  const targets = new Map<RelPath, Target>()
  for (const record of records.toSorted((a, b) => a.keptMs - b.keptMs)) {
    const version = targets.get(record.path)?.version ?? record
    targets.set(record.path, { path: record.path, version, became: record.taken?.became ?? null })
  }
  return [...targets.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** What is to be done with a path whose step is taken back: `changed` since then, and so none of our business. */
export type Judgement = 'bring-back' | 'already' | 'changed'

/** @param now what is at the path: null is nothing. @param before what was kept of it; null where its bytes are not known. */
export function judge(target: Pick<Target, 'became'>, now: Became | null, before: Became | null): Judgement {
  if (now === null) return target.became === 'deleted' || target.became === null ? 'bring-back' : 'changed'
  if (now === before) return 'already'
  return now === target.became && now !== 'directory' ? 'bring-back' : 'changed'
}

/** Which kept versions may go: those past their days or their number, then the oldest until they fit into their bytes. */

import type { VersionName, VersionRecord } from '../ports.ts'

export interface RetentionRule {
  readonly days: number
  /** Share of the volume that versions may fill, 0 to 1. */
  readonly volumeShare: number
  /** Kept of one path, the newest; null: any number. */
  readonly perPath: number | null
  /** Kept in all; null: no bound but the volume's. */
  readonly bytes: number | null
}

/** What a person chose for one folder; null leaves the rule as it is. */
export interface ChosenRetention {
  readonly days: number | null
  readonly versions: number | null
  readonly bytes: number | null
}

const DAY_MS = 24 * 60 * 60 * 1000

export function chosenRule(rule: RetentionRule, chosen: ChosenRetention): RetentionRule {
  const { days, versions, bytes } = chosen
  return { ...rule, days: days ?? rule.days, perPath: versions ?? rule.perPath, bytes: bytes ?? rule.bytes }
}

/** @param records oldest first. @param nowMs wall time; versions from the future are not old. */
export function expired(
  records: readonly VersionRecord[],
  rule: RetentionRule,
  nowMs: number,
  volumeBytes: number,
): ReadonlySet<VersionName> {
  const bytesMax = Math.min(volumeBytes * rule.volumeShare, rule.bytes ?? Infinity)
  const surplus = surplusOf(records, rule.perPath)
  const isOver = (record: VersionRecord): boolean =>
    record.keptMs < nowMs - rule.days * DAY_MS || surplus.has(record.name)
  const names = new Set(records.filter(isOver).map(({ name }) => name))
  let bytes = records.reduce((sum, { name, sizeBytes }) => sum + (names.has(name) ? 0 : sizeBytes), 0)
  for (const { name, sizeBytes } of records) {
    if (bytes <= bytesMax) break
    if (names.has(name)) continue
    names.add(name)
    bytes -= sizeBytes
  }
  return names
}

/** Of files whose path nobody knows any more none is one too many: they may be of any directory. */
function surplusOf(records: readonly VersionRecord[], perPath: number | null): ReadonlySet<VersionName> {
  const surplus = new Set<VersionName>()
  if (perPath === null) return surplus
  const counts = new Map<string, number>()
  for (const { path, name, batch } of records.toReversed()) {
    const count = (counts.get(path) ?? 0) + 1
    if (batch === 'unknown') continue
    counts.set(path, count)
    if (count > perPath) surplus.add(name)
  }
  return surplus
}

/** Which kept versions may go: those past their days, then the oldest until they fit their share of the volume. */

import type { VersionName, VersionRecord } from '../ports.ts'

export interface RetentionRule {
  readonly days: number
  /** Share of the volume that versions may fill, 0 to 1. */
  readonly volumeShare: number
}

const DAY_MS = 24 * 60 * 60 * 1000

/** @param records oldest first. @param nowMs wall time; versions from the future stay. */
export function expired(
  records: readonly VersionRecord[],
  rule: RetentionRule,
  nowMs: number,
  volumeBytes: number,
): ReadonlySet<VersionName> {
  const names = new Set<VersionName>()
  let bytes = records.reduce((sum, record) => sum + record.sizeBytes, 0)
  for (const record of records) {
    const isOld = record.keptMs < nowMs - rule.days * DAY_MS
    const isTooMuch = bytes > volumeBytes * rule.volumeShare
    if (!isOld && !isTooMuch) continue
    names.add(record.name)
    bytes -= record.sizeBytes
  }
  return names
}

/** Scrub: what it means that a file's bytes were read again, and when a folder's turn has come. */

import type { OwnRow } from '../catalogue-port.ts'
import type { Fingerprint, HashResult } from '../ports.ts'
import type { BlobHash } from '../../protocol/ids.ts'

/** A file whose bytes are bad although nothing touched it. */
export interface Damage {
  /** `rot`: other bytes under the same look. `unreadable`: the disk itself gives none. */
  readonly kind: 'rot' | 'unreadable'
  /** How it looked, and what it should hold. With another look it is another file. */
  readonly fingerprint: Fingerprint
  readonly hash: BlobHash
  readonly sizeBytes: number
  /** Whether the bytes are to be fetched again. */
  readonly isToRepair: boolean
}

export type Judgement =
  | 'sound'
  | 'rot'
  | 'unreadable'
  /** Edited, gone, or closed to us: an observation will tell. */
  | 'changed'

/**
 * A file of the base that was read again. Who edits a file and puts its size and time back cannot put back when it was changed:
 * so other bytes under the whole look of the base are nobody's edit.
 */
export function judge(row: OwnRow, result: HashResult): Judgement {
  const { content } = row.entry
  if (content.kind !== 'file' || result.kind === 'changed') return 'changed'
  if (result.kind === 'unreadable') return isDiskFault(result.reason) ? 'unreadable' : 'changed'
  if (result.fingerprint !== row.fingerprint) return 'changed'
  return result.hash === content.hash ? 'sound' : 'rot'
}

/** Whether the disk has failed, and not a permission. @param reason begins with the system's code. */
export function isDiskFault(reason: string): boolean {
  return reason.startsWith('EIO')
}

/** Whether a row still is the file that was found damaged. */
export function isStillDamaged(damage: Damage | undefined, row: OwnRow | undefined): boolean {
  if (damage === undefined || row?.entry.content.kind !== 'file') return false
  return row.fingerprint === damage.fingerprint && row.entry.content.hash === damage.hash
}

/** Whether a folder that was read whole at some time is to be read again. A clock that went back makes it due. */
export function isDue(lastCompleteMs: number | null, wallMs: number, everyMs: number): boolean {
  return lastCompleteMs === null || wallMs < lastCompleteMs || wallMs - lastCompleteMs >= everyMs
}

/** How long to rest after so many bytes, in milliseconds. */
export function restMs(bytes: number, bytesPerSecond: number): number {
  return Math.ceil((bytes / bytesPerSecond) * 1000)
}

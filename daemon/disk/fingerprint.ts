/** What files look like, as opaque texts. All from `lstat` with nanoseconds. */

import type { BigIntStats } from 'node:fs'
import type { FileIdentity, Fingerprint } from '../ports.ts'

/** Of a file or symbolic link: size, mtime, inode and ctime. */
export function fingerprintOf(stats: BigIntStats): Fingerprint {
  return `${stats.size}:${stats.mtimeNs}:${stats.ino}:${stats.ctimeNs}` as Fingerprint
}

/** Of a directory: only that it is one, and whether another volume is mounted there. */
export function directoryFingerprint(isMount: boolean): Fingerprint {
  return (isMount ? 'mount' : 'directory') as Fingerprint
}

export function identityOf(stats: { readonly dev: bigint; readonly ino: bigint }): FileIdentity {
  return `${stats.dev}:${stats.ino}` as FileIdentity
}

/** Whole milliseconds since 1970; earlier times are 1970. */
export function mtimeMsOf(stats: BigIntStats): number {
  const ms = stats.mtimeNs / 1_000_000n
  return ms < 0n ? 0 : Number(ms)
}

/** Whether the owner may execute it. */
export function isExecutable(stats: BigIntStats): boolean {
  return (stats.mode & 0o100n) !== 0n
}

/** What stands at a name on the disk, compared with what a change expects, and given the attributes that it shall have. */

import type { BigIntStats } from 'node:fs'
import { closeSync, constants, fchmodSync, fstatSync, fsync, futimesSync, lstatSync, openSync } from 'node:fs'
import { lutimes } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Fingerprint, RootTraits } from '../ports.ts'
import { fingerprintOf, isExecutable, mtimeMsOf } from './fingerprint.ts'

export interface Attributes {
  readonly mtimeMs: number
  readonly executable: boolean
}

const FILE_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const PERMISSIONS = 0o777
const EXECUTE = 0o111
const syncFd = promisify(fsync)

/** Undefined when nothing is there. One look takes microseconds: less than handing it to a thread. */
export function look(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })
}

export function isExpected(found: BigIntStats | undefined, expect: Fingerprint | null): boolean {
  if (found === undefined || expect === null) return found === undefined && expect === null
  return !found.isDirectory() && fingerprintOf(found) === expect
}

/** Whether it has a fingerprint but for its change time, which renames and links move. */
export function isSameBytes(found: BigIntStats | undefined, expect: Fingerprint): boolean {
  return found !== undefined && withoutChangeTime(fingerprintOf(found)) === withoutChangeTime(expect)
}

function withoutChangeTime(fingerprint: Fingerprint): string {
  return fingerprint.slice(0, fingerprint.lastIndexOf(':'))
}

/** The size that a fingerprint shows. */
export function sizeIn(fingerprint: Fingerprint): number {
  return Number(fingerprint.slice(0, fingerprint.indexOf(':')))
}

/** The permission bits that a file gets: those that it has, or those of what it replaces, executable or not. */
export function modeFor(mode: bigint, executable: boolean, traits: RootTraits): number {
  const bits = Number(mode) & PERMISSIONS
  if (!traits.executableBit) return bits
  // Whoever may read it may run it.
  return executable ? bits | ((bits >> 2) & EXECUTE) : bits & ~EXECUTE
}

/**
 * Sets mode and mtime of a file through an open descriptor, if it still is what is expected; undefined when it is not.
 * Between that look and the change no other work of this process comes.
 * @param o.mode the file's own when undefined. @param o.isSynced whether it is durable when this resolves.
 */
export async function setAttributes(
  path: string,
  attributes: Attributes,
  o: { traits: RootTraits; mode?: bigint; isSynced: boolean; isExpected: (found: BigIntStats) => boolean },
): Promise<BigIntStats | undefined> {
  const fd = openSync(path, FILE_FLAGS)
  try {
    const before = fstatSync(fd, { bigint: true })
    if (!before.isFile() || !o.isExpected(before)) return undefined
    const mode = modeFor(o.mode ?? before.mode, attributes.executable, o.traits)
    if (mode !== (Number(before.mode) & PERMISSIONS)) fchmodSync(fd, mode)
    const seconds = secondsOf(attributes.mtimeMs)
    if (mtimeMsOf(before) !== attributes.mtimeMs) futimesSync(fd, seconds, seconds)
    const after = fstatSync(fd, { bigint: true })
    if (o.isSynced) await syncFd(fd)
    return after
  } finally {
    closeSync(fd)
  }
}

export function hasAttributes(found: BigIntStats, { mtimeMs, executable }: Attributes, traits: RootTraits): boolean {
  return mtimeMsOf(found) === mtimeMs && (!traits.executableBit || isExecutable(found) === executable)
}

/** Of a symbolic link itself. */
export async function setLinkTime(path: string, mtimeMs: number): Promise<void> {
  await lutimes(path, secondsOf(mtimeMs), secondsOf(mtimeMs))
}

/** Seconds as a double, half a microsecond on: so that no rounding brings it below the millisecond that is meant. */
function secondsOf(ms: number): number {
  return (ms + 0.0005) / 1000
}

/** What stands at a name on the disk, compared with what a change expects, and given the attributes that it shall have. */

import type { BigIntStats } from 'node:fs'
import { closeSync, constants, fchmodSync, fstatSync, futimesSync, lstatSync, lutimesSync, openSync } from 'node:fs'
import type { Fingerprint, RootTraits } from '../ports.ts'
import { fingerprintOf, isExecutable, mtimeMsOf } from './fingerprint.ts'

export interface Attributes {
  readonly mtimeMs: number
  readonly executable: boolean
}

const FILE_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const PERMISSIONS = 0o777
const EXECUTE = 0o111

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

/** A file with its attributes, open until it is synced. */
export interface OpenFile {
  readonly fd: number
  readonly stats: BigIntStats
}

/**
 * Sets mode and mtime of a file through an open descriptor, if it still is what is expected; undefined when it is not.
 * Between that look and the change no other work of this thread comes.
 * @param o.mode the file's own when undefined.
 */
export function setAttributes(
  path: string,
  attributes: Attributes,
  o: { traits: RootTraits; mode?: bigint; isExpected: (found: BigIntStats) => boolean },
): OpenFile | undefined {
  const fd = openSync(path, FILE_FLAGS)
  try {
    const before = fstatSync(fd, { bigint: true })
    if (before.isFile() && o.isExpected(before)) return { fd, stats: setOpen(fd, before, attributes, o) }
  } catch (cause) {
    closeSync(fd)
    throw cause
  }
  closeSync(fd)
  return undefined
}

function setOpen(
  fd: number,
  before: BigIntStats,
  attributes: Attributes,
  o: { traits: RootTraits; mode?: bigint },
): BigIntStats {
  const mode = modeFor(o.mode ?? before.mode, attributes.executable, o.traits)
  const seconds = secondsOf(attributes.mtimeMs)
  const [isMode, isTime] = [mode === (Number(before.mode) & PERMISSIONS), mtimeMsOf(before) === attributes.mtimeMs]
  if (!isMode) fchmodSync(fd, mode)
  if (!isTime) futimesSync(fd, seconds, seconds)
  return isMode && isTime ? before : fstatSync(fd, { bigint: true })
}

export function hasAttributes(found: BigIntStats, { mtimeMs, executable }: Attributes, traits: RootTraits): boolean {
  return mtimeMsOf(found) === mtimeMs && (!traits.executableBit || isExecutable(found) === executable)
}

/** Of a symbolic link itself. */
export function setLinkTime(path: string, mtimeMs: number): void {
  lutimesSync(path, secondsOf(mtimeMs), secondsOf(mtimeMs))
}

/** Seconds as a double, half a microsecond on: so that no rounding brings it below the millisecond that is meant. */
function secondsOf(ms: number): number {
  return (ms + 0.0005) / 1000
}

/**
 * Lists directories with synchronous calls, for a worker: several times faster than promises. What it answers is finished, so that
 * the main thread has nothing to do for each name.
 */

import { lstatSync, readdirSync, readlinkSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { ProtocolError } from '../../protocol/errors.ts'
import type { DirPath, RelPath } from '../../protocol/path.ts'
import { HOLT_DIRECTORY, ROOT, childOf } from '../../protocol/path.ts'
import type { DiskEntry } from '../ports.ts'
import { openDirectoryBeneath } from './beneath.ts'
import type { OpenDirectory } from './beneath.ts'
import { TreeError, hasErrno, isSystemError } from './disk-error.ts'
import { directoryFingerprint, fingerprintOf, isExecutable, mtimeMsOf } from './fingerprint.ts'
import type { ListJob, Listed, ToList } from './thread-jobs.ts'

/** A byte order mark is part of a name. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** What stands for bytes that are no text. A name may also really contain it. */
const REPLACEMENT = '\ufffd'

/** Smaller files may have no blocks of their own, and be there. */
const PLACEHOLDER_BYTES_MIN = 4096n

interface Volume {
  /** The device of the root; undefined when the root is gone. */
  readonly device: bigint | undefined
  readonly holdsExecutableBit: boolean
  readonly hasPlaceholders: boolean
}

/** One answer a directory, in order. */
export function listDirectories({ root, directories, holdsExecutableBit, hasPlaceholders }: ListJob): Listed[] {
  const device = lstatSync(root, { bigint: true, throwIfNoEntry: false })?.dev
  return directories.map((each) => listDirectory(root, each, { device, holdsExecutableBit, hasPlaceholders }))
}

function listDirectory(root: string, { directory, onDisk }: ToList, volume: Volume): Listed {
  try {
    using opened = openDirectoryBeneath(root, onDisk === '' ? [] : onDisk.split('/'))
    return listOpened(directory, opened, volume)
  } catch (cause) {
    const isAbsent = hasErrno(cause, 'ENOENT', 'ENOTDIR', 'ELOOP') || cause instanceof TreeError
    if (!isAbsent && !isSystemError(cause)) throw cause
    return { listing: { directory, state: isAbsent ? 'absent' : 'unreadable', entries: [] }, differing: new Map() }
  }
}

function listOpened(directory: DirPath, opened: OpenDirectory, volume: Volume): Listed {
  const { names, notText } = namesIn(opened, directory)
  const clashing = clashesAmong(names)
  const differing = new Map<RelPath, string>()
  const entries: DiskEntry[] = notText.map((diskName) => blocked(diskName, null, 'bad-name'))
  for (const diskName of names) {
    const name = diskName.normalize('NFC')
    const path = legalPath(directory, name)
    if (path !== null && name !== diskName) differing.set(path, diskName)
    if (path === null) entries.push(blocked(diskName, path, 'bad-name'))
    else if (clashing.has(name)) entries.push(blocked(diskName, path, 'name-clash'))
    else {
      const entry = describe(opened.child(diskName), diskName, path, volume)
      if (entry !== undefined) entries.push(entry)
    }
  }
  entries.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
  return { listing: { directory, state: 'listed', entries }, differing }
}

/** What belongs to Holt is left out. */
function namesIn(opened: OpenDirectory, directory: DirPath): { names: string[]; notText: string[] } {
  const isHolt = (name: string): boolean => directory === ROOT && name.toLowerCase() === HOLT_DIRECTORY
  const names = readdirSync(opened.path).filter((name) => !isHolt(name))
  if (!names.some((name) => name.includes(REPLACEMENT))) return { names, notText: [] }
  const texts: string[] = []
  const notText: string[] = []
  for (const bytes of readdirSync(opened.path, { encoding: 'buffer' })) {
    const text = textOf(bytes)
    if (text === undefined) notText.push(new TextDecoder().decode(bytes))
    else if (!isHolt(text)) texts.push(text)
  }
  return { names: texts, notText }
}

/** Normalised names that more than one name on the disk has. */
function clashesAmong(names: readonly string[]): ReadonlySet<string> {
  const clashing = new Set<string>()
  if (names.every((name) => name.normalize('NFC') === name)) return clashing
  const seen = new Set<string>()
  for (const name of names.map((each) => each.normalize('NFC'))) (seen.has(name) ? clashing : seen).add(name)
  return clashing
}

function legalPath(directory: DirPath, name: string): RelPath | null {
  try {
    return childOf(directory, name)
  } catch (cause) {
    if (cause instanceof ProtocolError) return null
    throw cause
  }
}

function blocked(
  diskName: string,
  path: RelPath | null,
  reason: (DiskEntry & { kind: 'blocked' })['reason'],
): DiskEntry {
  return { kind: 'blocked', diskName, path, reason }
}

function orderOf(entry: DiskEntry): string {
  return entry.path ?? (entry.kind === 'blocked' ? entry.diskName : '')
}

/** Undefined when it is gone by now. */
function describe(at: string, diskName: string, path: RelPath, volume: Volume): DiskEntry | undefined {
  try {
    return toEntry(at, diskName, path, lstatSync(at, { bigint: true }), volume)
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT', 'EINVAL')) return undefined
    if (isSystemError(cause)) return blocked(diskName, path, 'unreadable')
    throw cause
  }
}

function toEntry(at: string, diskName: string, path: RelPath, stats: BigIntStats, volume: Volume): DiskEntry {
  const mtimeMs = mtimeMsOf(stats)
  if (stats.isFile()) {
    if (volume.hasPlaceholders && stats.size >= PLACEHOLDER_BYTES_MIN && stats.blocks === 0n)
      return blocked(diskName, path, 'placeholder')
    const executable = volume.holdsExecutableBit && isExecutable(stats)
    return { kind: 'file', path, fingerprint: fingerprintOf(stats), sizeBytes: Number(stats.size), mtimeMs, executable }
  }
  if (stats.isDirectory()) {
    const isMount = stats.dev !== volume.device
    return { kind: 'directory', path, fingerprint: directoryFingerprint(isMount), mtimeMs, isMount }
  }
  if (!stats.isSymbolicLink()) return blocked(diskName, path, 'special-file')
  const target = textOf(readlinkSync(at, { encoding: 'buffer' }))
  if (target === undefined) return blocked(diskName, null, 'bad-name')
  return { kind: 'symlink', path, fingerprint: fingerprintOf(stats), mtimeMs, target }
}

/** Undefined for what is not UTF-8. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

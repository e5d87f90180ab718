/** `.holt/versions`: what was replaced or deleted, and the log that says what it was. */

import { randomUUID } from 'node:crypto'
import type { Stats } from 'node:fs'
import { constants, fstatSync, fsyncSync, openSync, closeSync, readSync, renameSync, writeSync } from 'node:fs'
import { lstat, open, readdir, readlink, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import { parseRelPath, pathFault } from '../../protocol/path.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { AbortOptions, VersionName, VersionRecord } from '../ports.ts'
import type { KeptContent } from '../versions-port.ts'
import type { DiskContext } from './context.ts'
import { versionsDirectory, versionsLogFile } from './context.ts'
import { TreeError, hasErrno, toTreeError } from './disk-error.ts'
import { LOG_NAME, NEW_LOG_PREFIX, isLog, parseLine, parseVersionName, toLine, versionFile } from './versions-log.ts'

const FILE_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
/** Kept files that are deleted at once. */
const REMOVALS_AT_ONCE = 16
/** Characters of lines that are written at once. */
const WRITE_CHARACTERS = 64 * 1024
/** The batch and the reason of kept files that no line of the log names. */
const UNKNOWN = 'unknown'

/**
 * Every kept file, oldest first. A line whose file is not there is left out; a file without a line, as a power cut may leave it,
 * is found by its name.
 */
export async function* listVersions(context: DiskContext): AsyncGenerator<VersionRecord> {
  const directory = versionsDirectory(context.root)
  const files = new Set(await namesIn(directory))
  const records = new Map<string, VersionRecord>()
  for await (const record of readLog(versionsLogFile(context.root))) {
    const file = versionFile(record.name)
    if (record.isDirectory || files.has(file) || (await statOf(join(directory, file))) !== undefined)
      records.set(file, record)
  }
  for (const file of files) if (!records.has(file)) await addUnknown(directory, file, records)
  yield* [...records.values()].sort((a, b) => a.keptMs - b.keptMs)
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => !isLog(name))
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT')) return []
    throw toTreeError(cause, 'the kept versions')
  }
}

/** Damaged lines are passed over. */
async function* readLog(path: string): AsyncGenerator<VersionRecord> {
  for await (const line of readLines(path)) {
    const record = parseLine(line)
    if (record !== undefined) yield record
  }
}

export async function countDamagedLines(context: DiskContext): Promise<number> {
  let count = 0
  for await (const line of readLines(versionsLogFile(context.root))) {
    if (line !== '' && parseLine(line) === undefined) count += 1
  }
  return count
}

async function* readLines(path: string): AsyncGenerator<string> {
  await using file = await openLog(path)
  if (file !== undefined) yield* file.readLines({ autoClose: false })
}

async function openLog(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, FILE_FLAGS)
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT')) return undefined
    throw toTreeError(cause, 'the log of kept versions')
  }
}

async function addUnknown(directory: string, file: string, records: Map<string, VersionRecord>): Promise<void> {
  const stats = await statOf(join(directory, file))
  if (stats === undefined || stats.isDirectory()) return
  const path = pathFromName(file)
  if (path === undefined) return
  const keptMs = Math.floor(stats.ctimeMs)
  const name = parseVersionName(file)
  const unknown = { reason: UNKNOWN, batch: UNKNOWN, isDirectory: false, taken: null }
  records.set(file, { path, name, keptMs, hash: null, sizeBytes: stats.size, ...unknown })
}

/** The file's own name, which a version's name ends with. */
function pathFromName(file: string): RelPath | undefined {
  const name = file.slice(file.indexOf('~') + 1).normalize('NFC')
  const path = [name, file].find((each) => pathFault(each) === undefined)
  return path === undefined ? undefined : parseRelPath(path)
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT')) return undefined
    throw cause
  }
}

export async function lookAtVersion(context: DiskContext, name: VersionName): Promise<KeptContent | undefined> {
  const path = join(versionsDirectory(context.root), versionFile(name))
  const stats = await statOf(path)
  if (stats === undefined) return undefined
  const mtimeMs = Math.max(0, Math.floor(stats.mtimeMs))
  if (stats.isSymbolicLink()) return { kind: 'symlink', target: await readlink(path), mtimeMs }
  if (!stats.isFile()) return undefined
  return { kind: 'file', sizeBytes: stats.size, mtimeMs, executable: (stats.mode & constants.S_IXUSR) !== 0 }
}

/** @throws TreeError `missing` */
export async function* readVersion(
  context: DiskContext,
  name: VersionName,
  { signal }: AbortOptions,
): AsyncGenerator<Uint8Array> {
  await using file = await openVersion(context, name)
  for (;;) {
    signal.throwIfAborted()
    const { bytesRead, buffer } = await file.read(new Uint8Array(CHUNK_BYTES), 0, CHUNK_BYTES)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}

async function openVersion(context: DiskContext, name: VersionName): Promise<FileHandle> {
  const path = join(versionsDirectory(context.root), versionFile(name))
  const file = await open(path, FILE_FLAGS).catch((cause: unknown) => {
    if (!hasErrno(cause, 'ENOENT', 'ELOOP')) throw toTreeError(cause, `the kept version ${name}`)
    throw new TreeError('missing', `there is no kept version ${name}`, { cause })
  })
  if ((await file.stat()).isFile()) return file
  await file.close()
  throw new TreeError('missing', `${name} is no kept file`)
}

/** Deletes kept files for good, then takes their lines out of the log. */
export async function dropVersions(context: DiskContext, names: ReadonlySet<VersionName>): Promise<void> {
  if (names.size === 0) return
  const directory = versionsDirectory(context.root)
  const files = [...new Set([...names].map(versionFile))]
  try {
    for (let at = 0; at < files.length; at += REMOVALS_AT_ONCE) {
      const some = files.slice(at, at + REMOVALS_AT_ONCE)
      await Promise.all(some.map((file) => rm(join(directory, file), { force: true })))
    }
    await rewriteLog(directory, new Set(files))
  } catch (cause) {
    throw toTreeError(cause, 'the kept versions')
  }
}

/** Removes what a crash left of a rewrite. Not while one is under way. */
export async function tidyVersions(context: DiskContext): Promise<void> {
  const directory = versionsDirectory(context.root)
  for (const name of await readdir(directory)) {
    if (name.startsWith(NEW_LOG_PREFIX)) await rm(join(directory, name), { force: true })
  }
}

async function rewriteLog(directory: string, dropped: ReadonlySet<string>): Promise<void> {
  const path = join(directory, LOG_NAME)
  const temporary = join(directory, `${NEW_LOG_PREFIX}-${randomUUID()}`)
  await using old = await openLog(path)
  if (old === undefined) return
  await using fresh = await open(temporary, 'wx', 0o600)
  const { size } = await old.stat()
  if (size > 0) {
    let lines = ''
    for await (const line of old.readLines({ autoClose: false, start: 0, end: size - 1 })) {
      const record = parseLine(line)
      if (record !== undefined && !dropped.has(versionFile(record.name))) lines += toLine(record)
      if (lines.length < WRITE_CHARACTERS) continue
      await fresh.write(lines)
      lines = ''
    }
    await fresh.write(lines)
  }
  await fresh.sync()
  takeOver(old.fd, size, fresh.fd, { path, temporary })
  syncDirectory(directory)
}

/** In one go: what a batch has appended since goes along, then the new log takes the old one's name. */
function takeOver(old: number, copiedBytes: number, fresh: number, o: { path: string; temporary: string }): void {
  const tail = Buffer.alloc(fstatSync(old).size - copiedBytes)
  for (let at = 0; at < tail.length;) at += readSync(old, tail, at, tail.length - at, copiedBytes + at)
  for (let at = 0; at < tail.length;) at += writeSync(fresh, tail, at)
  if (tail.length > 0) fsyncSync(fresh)
  renameSync(o.temporary, o.path)
}

function syncDirectory(path: string): void {
  if (process.platform === 'win32') return
  const fd = openSync(path, constants.O_RDONLY)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** `.holt/versions/log`: one line of JSON for each kept file, written before the file is moved there. */

import { closeSync, constants, fstatSync, fsync, openSync, readSync, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { parseBlobHash, parseDeviceId } from '../../protocol/ids.ts'
import { PATH_COMPONENT_BYTES_MAX } from '../../protocol/limits.ts'
import { parseRelPath } from '../../protocol/path.ts'
import type { VersionName, VersionRecord } from '../ports.ts'
import type { Became, Taken } from '../versions-port.ts'
import { TreeError } from './disk-error.ts'

const LINE_END = 0x0a
/** Bytes of UTF-8 that go on with a character: 10xxxxxx. */
const UTF8_MASK = 0xc0
const UTF8_CONTINUATION = 0x80
const APPEND_FLAGS = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW
const syncFd = promisify(fsync)

export const LOG_NAME = 'log'
/** What a rewritten log is called until it is whole begins like this. */
export const NEW_LOG_PREFIX = 'log.new'

/** An open log to which a batch has appended. Disposing it closes it. */
export interface AppendedLog extends Disposable {
  sync(): Promise<void>
}

/** Appends in one go, so that it falls either before or after a rewrite; a torn last line of a crash is ended first. */
export function appendRecords(path: string, records: readonly VersionRecord[]): AppendedLog {
  const fd = openSync(path, APPEND_FLAGS, 0o600)
  try {
    const text = records.map(toLine).join('')
    writeAll(fd, Buffer.from(endsWithLine(fd) ? text : `\n${text}`))
  } catch (cause) {
    closeSync(fd)
    throw cause
  }
  return { sync: () => syncFd(fd), [Symbol.dispose]: () => closeSync(fd) }
}

/** What is not known is left out. */
export function toLine(record: VersionRecord): string {
  const { path, name, keptMs, hash, sizeBytes, reason, batch, isDirectory, taken } = record
  const known = { ...(isDirectory && { isDirectory }), ...(taken !== null && { taken }) }
  return `${JSON.stringify({ path, name, keptMs, hash, sizeBytes, reason, batch, ...known })}\n`
}

/** Undefined for what is no line: the end of the log may be torn. */
export function parseLine(line: string): VersionRecord | undefined {
  try {
    const record = parseObject(line)
    const [keptMs, sizeBytes] = [Number(record['keptMs']), Number(record['sizeBytes'])]
    if (!Number.isFinite(keptMs) || !Number.isFinite(sizeBytes)) return undefined
    return {
      path: parseRelPath(record['path']),
      name: parseVersionName(record['name']),
      keptMs,
      hash: record['hash'] === null ? null : parseBlobHash(record['hash']),
      sizeBytes,
      reason: String(record['reason']),
      batch: String(record['batch']),
      isDirectory: record['isDirectory'] === true,
      taken: record['taken'] === undefined ? null : parseTaken(toRecord(record['taken'])),
    }
  } catch {
    return undefined
  }
}

const BECAME: readonly unknown[] = ['deleted', 'directory', 'symlink']

/** @throws ProtocolError, SyntaxError */
function parseTaken({ became, by, second }: Record<string, unknown>): Taken {
  if (typeof second !== 'number' || !Number.isSafeInteger(second) || second < 0) throw new SyntaxError('no time')
  const isWord = BECAME.includes(became)
  return { became: isWord ? (became as Became) : parseBlobHash(became), by: parseDeviceId(by), second }
}

/** @throws SyntaxError for what is no JSON object. */
function parseObject(line: string): Record<string, unknown> {
  return toRecord(JSON.parse(line))
}

function toRecord(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new SyntaxError('not an object')
  return { ...value }
}

/** @throws TreeError `missing` for a text that names nothing in the versions. */
export function parseVersionName(value: unknown): VersionName {
  if (typeof value !== 'string' || /[/\\\u0000]/.test(value) || ['', '.', '..'].includes(value) || isLog(value))
    throw new TreeError('missing', `${String(value)} names no kept version`)
  return value as VersionName
}

/** Whether a name in `.holt/versions` is the log's, and not that of a kept file. */
export function isLog(file: string): boolean {
  return file === LOG_NAME || file.startsWith(NEW_LOG_PREFIX)
}

/** The name on the disk: as much of it as a file system holds. The beginning of a name tells it from all others. */
export function versionFile(name: VersionName): string {
  const checked = parseVersionName(name)
  if (Buffer.byteLength(checked) <= PATH_COMPONENT_BYTES_MAX) return checked
  let end = PATH_COMPONENT_BYTES_MAX
  const bytes = Buffer.from(checked)
  while (((bytes[end] ?? 0) & UTF8_MASK) === UTF8_CONTINUATION) end -= 1
  return bytes.toString('utf8', 0, end)
}

function endsWithLine(fd: number): boolean {
  const { size } = fstatSync(fd)
  if (size === 0) return true
  const last = Buffer.alloc(1)
  readSync(fd, last, 0, 1, size - 1)
  return last[0] === LINE_END
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
}

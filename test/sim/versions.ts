/** `.holt/versions` of a simulated folder: what was replaced, and the log that says what it was. */

import type { AbortOptions, BatchLabel, TreeChange, VersionName, VersionRecord } from '../../daemon/ports.ts'
import type { KeptContent } from '../../daemon/versions-port.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import type { BlobHash } from '../../protocol/ids.ts'
import { blobHashOf, parseBlobHash } from '../../protocol/ids.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import { parseRelPath } from '../../protocol/path.ts'
import { sizeIn, toVersionName } from './disk-names.ts'
import { Errno } from './errno.ts'
import type { Inode } from './inode.ts'
import { TreeError } from '../../daemon/disk/disk-error.ts'
import { versionsLogPath, versionsPath } from './tree-root.ts'
import type { TreeRoot } from './tree-root.ts'
import type { Volume } from './volume.ts'

const LOG_NAME = 'log'
const LINE_END = 0x0a

/** @throws TreeError `missing` for what can be no name of a kept file. */
export function versionPath(root: TreeRoot, name: VersionName): string {
  if (name.includes('/') || ['', '.', '..', LOG_NAME].includes(name)) {
    throw new TreeError('missing', `${name} names no kept version`)
  }
  return `${versionsPath(root.path)}/${name}`
}

/** What a batch is about to keep: a file in the versions has a line from the moment it is there. */
export function toRecords(batch: readonly TreeChange[], label: BatchLabel, keptMs: number): VersionRecord[] {
  return batch.flatMap((change) => {
    const kept = keptBy(change)
    if (kept === undefined) return []
    const { path } = change
    const [reason, taken] = [label.reasonOf(path), label.changeOf?.(path) ?? null]
    const hash = kept.isDirectory ? null : label.hashOf(path)
    return [{ path, keptMs, hash, reason, batch: label.batch, taken, ...kept }]
  })
}

function keptBy(change: TreeChange): Pick<VersionRecord, 'name' | 'sizeBytes' | 'isDirectory'> | undefined {
  if (change.kind === 'remove-directory') {
    return change.noteAs === undefined ? undefined : { name: change.noteAs, sizeBytes: 0, isDirectory: true }
  }
  if (!('keepAs' in change) || change.keepAs === null || change.expect === null) return undefined
  return { name: change.keepAs, sizeBytes: sizeIn(change.expect), isDirectory: false }
}

/** Appends lines; they are synced with the batch. A torn last line of a crash is ended first. */
export function logVersions(root: TreeRoot, records: readonly VersionRecord[]): Promise<void> {
  const path = versionsLogPath(root.path)
  return root.calls.call('append', path, (volume) => {
    const log = volume.find(path) ?? volume.create(path, 'file')
    const isTorn = log.sizeBytes > 0 && log.content.at(-1) !== LINE_END
    const text = (isTorn ? '\n' : '') + records.map(toLine).join('')
    volume.write(path, log, log.sizeBytes, new TextEncoder().encode(text))
  })
}

/** Every kept file, oldest first: lines without a file are left out, files without a line are found by their name. */
export async function listVersions(root: TreeRoot): Promise<VersionRecord[]> {
  const lines = await readLog(root)
  return root.calls.call('list', versionsPath(root.path), (volume) => {
    const records = new Map(lines.map((record) => [record.name, record]))
    for (const [name, { isDirectory }] of records) {
      if (!isDirectory && volume.find(versionPath(root, name)) === undefined) records.delete(name)
    }
    for (const { name, inode } of volume.list(versionsPath(root.path))) {
      const isKnown = records.has(toVersionName(name)) || name.startsWith(LOG_NAME)
      if (!isKnown) records.set(toVersionName(name), unknownVersion(name, inode))
    }
    return [...records.values()].sort((a, b) => a.keptMs - b.keptMs)
  })
}

function unknownVersion(name: string, { mtimeMs, sizeBytes }: Inode): VersionRecord {
  const path = parseRelPath(name.slice(name.indexOf('~') + 1))
  return {
    path,
    name: toVersionName(name),
    keptMs: mtimeMs,
    hash: null,
    sizeBytes,
    reason: 'unknown',
    batch: 'unknown',
    isDirectory: false,
    taken: null,
  }
}

async function readLog(root: TreeRoot): Promise<VersionRecord[]> {
  return (await readLines(root)).map(parseLine).filter((record) => record !== undefined)
}

export async function countDamagedLines(root: TreeRoot): Promise<number> {
  return (await readLines(root)).filter((line) => line !== '' && parseLine(line) === undefined).length
}

async function readLines(root: TreeRoot): Promise<string[]> {
  const path = versionsLogPath(root.path)
  const text = await root.calls.call('read', path, (volume) => new TextDecoder().decode(volume.find(path)?.content))
  return text.split('\n')
}

function toLine(record: VersionRecord): string {
  return `${JSON.stringify(record)}\n`
}

/** Undefined for what is no line: the end of the log may be torn. */
function parseLine(line: string): VersionRecord | undefined {
  try {
    const record = parseObject(line)
    return {
      path: parseRelPath(record['path']),
      name: toVersionName(String(record['name'])),
      keptMs: Number(record['keptMs']),
      hash: record['hash'] === null ? null : parseBlobHash(record['hash']),
      sizeBytes: Number(record['sizeBytes']),
      reason: String(record['reason']),
      batch: String(record['batch']),
      isDirectory: record['isDirectory'] === true,
      taken: (record['taken'] ?? null) as VersionRecord['taken'],
    }
  } catch {
    return undefined
  }
}

/** @throws SyntaxError for what is no JSON object. */
function parseObject(line: string): Record<string, unknown> {
  const value: unknown = JSON.parse(line)
  if (typeof value !== 'object' || value === null) throw new SyntaxError('not an object')
  return { ...value }
}

export async function lookAtVersion(root: TreeRoot, name: VersionName): Promise<KeptContent | undefined> {
  const path = versionPath(root, name)
  return root.calls.call('stat', path, (volume) => {
    const inode = volume.find(path)
    if (inode?.kind === 'symlink') return { kind: 'symlink', target: inode.target, mtimeMs: inode.mtimeMs }
    if (inode?.kind !== 'file') return undefined
    const { sizeBytes, mtimeMs, isExecutable: executable } = inode
    return { kind: 'file', sizeBytes, mtimeMs, executable }
  })
}

export async function* readVersion(root: TreeRoot, name: VersionName, o: AbortOptions): AsyncGenerator<Uint8Array> {
  const path = versionPath(root, name)
  const content = await root.calls.call('read', path, (volume) => {
    const inode = volume.find(path)
    if (inode?.kind !== 'file') throw new TreeError('missing', `there is no kept version ${name}`)
    return inode.content.slice()
  })
  for (let start = 0; start < content.length; start += CHUNK_BYTES) {
    o.signal.throwIfAborted()
    yield content.subarray(start, start + CHUNK_BYTES)
  }
}

/** Versions that are not there are left out. */
export async function* hashVersions(
  root: TreeRoot,
  crypto: Crypto,
  names: Iterable<VersionName>,
  { signal }: AbortOptions,
): AsyncGenerator<{ name: VersionName; hash: BlobHash | null; sizeBytes: number }> {
  for (const name of names) {
    signal.throwIfAborted()
    const path = versionPath(root, name)
    try {
      const content = await root.calls.call('read', path, (volume) => volume.find(path)?.content.slice())
      if (content === undefined) continue
      yield { name, hash: blobHashOf(crypto.blake3(content)), sizeBytes: content.length }
    } catch (cause) {
      if (!(cause instanceof Errno)) throw cause
      yield { name, hash: null, sizeBytes: 0 }
    }
  }
}

export async function dropVersions(root: TreeRoot, names: ReadonlySet<VersionName>): Promise<void> {
  for (const name of names) {
    const path = versionPath(root, name)
    await root.calls.call('unlink', path, (volume) => {
      if (volume.find(path) !== undefined) volume.unlink(path)
    })
  }
  const left = (await readLog(root)).filter(({ name }) => !names.has(name))
  const bytes = new TextEncoder().encode(left.map(toLine).join(''))
  await replaceFile(root, versionsLogPath(root.path), bytes)
}

/** Temp, sync, rename, sync of the directory. */
async function replaceFile(root: TreeRoot, path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.new`
  await root.calls.call('write', temporary, (volume) => {
    volume.replace(temporary, volume.find(temporary) ?? volume.create(temporary, 'file'), bytes)
  })
  await root.calls.call('fsync', temporary, (volume) => volume.syncFile(volume.get(temporary)))
  await root.calls.call('rename', path, (volume) => volume.rename(temporary, path))
  await root.calls.call('fsync', path, (volume) => syncDirectoryOf(volume, path))
}

/** Makes the names in the directory of a path durable. */
export function syncDirectoryOf(volume: Volume, path: string): void {
  const directory = volume.find(path.slice(0, path.lastIndexOf('/')))
  if (directory !== undefined) volume.syncDirectory(directory)
}

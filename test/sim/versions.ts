/** `.holt/versions` of a simulated folder: what was replaced, and the log that says what it was. */

import type { AbortOptions, BatchLabel, VersionName, VersionRecord } from '../../daemon/ports.ts'
import { parseBlobHash } from '../../protocol/ids.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import type { RelPath } from '../../protocol/path.ts'
import { parseRelPath } from '../../protocol/path.ts'
import { toVersionName } from './disk-names.ts'
import { TreeError } from '../../daemon/disk/disk-error.ts'
import { versionsLogPath, versionsPath } from './tree-root.ts'
import type { TreeRoot } from './tree-root.ts'
import type { Volume } from './volume.ts'

export function versionPath(root: TreeRoot, name: VersionName): string {
  return `${versionsPath(root.path)}/${name}`
}

/** Appends a line for what was just kept; synced with the batch. */
export function logVersion(
  root: TreeRoot,
  kept: { path: RelPath; name: VersionName; keptMs: number; sizeBytes: number },
  label: BatchLabel,
): Promise<void> {
  const record = { ...kept, hash: label.hashOf(kept.path), reason: label.reasonOf(kept.path), batch: label.batch }
  const line = new TextEncoder().encode(`${JSON.stringify(record)}\n`)
  const path = versionsLogPath(root.path)
  return root.calls.call('append', path, (volume) => {
    const log = volume.find(path) ?? volume.create(path, 'file')
    volume.write(path, log, log.sizeBytes, line)
  })
}

export async function readVersionsLog(root: TreeRoot): Promise<VersionRecord[]> {
  const path = versionsLogPath(root.path)
  const text = await root.calls.call('read', path, (volume) => new TextDecoder().decode(volume.find(path)?.content))
  return text
    .split('\n')
    .map(parseLine)
    .filter((record) => record !== undefined)
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

export async function dropVersions(root: TreeRoot, names: ReadonlySet<VersionName>): Promise<void> {
  for (const name of names) {
    const path = versionPath(root, name)
    await root.calls.call('unlink', path, (volume) => {
      if (volume.find(path) !== undefined) volume.unlink(path)
    })
  }
  const left = (await readVersionsLog(root)).filter(({ name }) => !names.has(name))
  const bytes = new TextEncoder().encode(left.map((record) => `${JSON.stringify(record)}\n`).join(''))
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

export function syncDirectoryOf(volume: Volume, path: string): void {
  const directory = volume.find(path.slice(0, path.lastIndexOf('/')))
  if (directory !== undefined) volume.syncDirectory(directory)
}

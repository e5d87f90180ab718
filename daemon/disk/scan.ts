/** Listing a folder: what the threads tell, as entries with legal paths. */

import type { DirPath, RelPath } from '../../protocol/path.ts'
import { HOLT_DIRECTORY, ROOT, childOf, pathFault } from '../../protocol/path.ts'
import type { AbortOptions, DirectoryListing, DiskEntry, Fingerprint } from '../ports.ts'
import type { DiskContext } from './context.ts'
import type { DiskWorkers } from './disk-workers.ts'
import { directoryFingerprint } from './fingerprint.ts'
import { inFlight } from './in-flight.ts'
import type { ListedName } from './worker-jobs.ts'

/** Told of each directory before it is listed, so that no change after the listing goes unseen. */
export interface Watching {
  add(directory: DirPath): void
  forget(directory: DirPath): void
}

export async function* scanDirectories(
  context: DiskContext,
  workers: DiskWorkers,
  directories: Iterable<DirPath>,
  watching: Watching,
  { signal }: AbortOptions,
): AsyncIterable<DirectoryListing> {
  yield* inFlight(directories, workers.parallel, signal, async (directory) => {
    watching.add(directory)
    const place = { root: context.root, names: context.names.components(directory) }
    const { state, names } = await workers.run({ kind: 'list', place })
    if (state === 'absent') watching.forget(directory)
    return { directory, state, entries: toEntries(context, directory, names) }
  })
}

function toEntries(context: DiskContext, directory: DirPath, names: readonly ListedName[]): DiskEntry[] {
  const visible = names.filter(({ name }) => directory !== ROOT || name.toLowerCase() !== HOLT_DIRECTORY)
  const counts = new Map<string, number>()
  for (const { name } of visible) counts.set(name.normalize('NFC'), (counts.get(name.normalize('NFC')) ?? 0) + 1)
  const differing = new Map<RelPath, string>()
  const entries = visible.map((listed) => {
    const name = listed.name.normalize('NFC')
    const path = legalPath(directory, name)
    if (path !== null && name !== listed.name) differing.set(path, listed.name)
    return toEntry(context, listed, path, (counts.get(name) ?? 0) > 1)
  })
  context.names.setDirectory(directory, differing)
  return entries.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
}

function legalPath(directory: DirPath, name: string): RelPath | null {
  return pathFault(directory === ROOT ? name : `${directory}/${name}`) === undefined ? childOf(directory, name) : null
}

function orderOf(entry: DiskEntry): string {
  return entry.path ?? (entry.kind === 'blocked' ? entry.diskName : '')
}

function toEntry({ traits }: DiskContext, listed: ListedName, path: RelPath | null, isClash: boolean): DiskEntry {
  const diskName = listed.name
  if (path === null || listed.kind === 'not-text') return { kind: 'blocked', diskName, path: null, reason: 'bad-name' }
  if (isClash) return { kind: 'blocked', diskName, path, reason: 'name-clash' }
  switch (listed.kind) {
    case 'special':
      return { kind: 'blocked', diskName, path, reason: 'special-file' }
    case 'unreadable':
      return { kind: 'blocked', diskName, path, reason: 'unreadable' }
    case 'directory': {
      const { mtimeMs, isMount } = listed
      return { kind: 'directory', path, fingerprint: directoryFingerprint(isMount), mtimeMs, isMount }
    }
    case 'symlink':
      return {
        kind: 'symlink',
        path,
        fingerprint: listed.fingerprint as Fingerprint,
        mtimeMs: listed.mtimeMs,
        target: listed.target,
      }
    case 'file': {
      const { sizeBytes, mtimeMs } = listed
      const executable = traits.executableBit && listed.executable
      return { kind: 'file', path, fingerprint: listed.fingerprint as Fingerprint, sizeBytes, mtimeMs, executable }
    }
  }
}

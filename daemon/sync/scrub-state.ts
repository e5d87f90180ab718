/** How far a folder has been read again, and what was found: in a small file, so that a long round outlives restarts. */

import type { BlobHash, FolderId } from '../../protocol/ids.ts'
import { parseBlobHash } from '../../protocol/ids.ts'
import { pathFault, parseRelPath } from '../../protocol/path.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { Damage } from '../core/scrub.ts'
import type { Fingerprint, StateFiles, VersionName } from '../ports.ts'
import type { Folder } from './folder.ts'

/** A round that somebody asked for. */
export interface AskedRound {
  readonly isRepair: boolean
}

export interface Scrub {
  /** The last path of the round under way that was read; null before the first. */
  position: RelPath | null
  /** When the folder had last been read whole, milliseconds since 1970. */
  lastCompleteMs: number | null
  /** What somebody asked for, and has not begun. */
  asked: AskedRound | null
  /** What goes on now. */
  running: 'asked' | 'idle' | null
  /** Of the round under way, or else of the last one that somebody asked for. */
  files: number
  bytes: number
  /** Since that round began. */
  repaired: number
  /** Kept versions that are no longer what they were. */
  readonly damagedVersions: Map<VersionName, BlobHash>
  /** Paths that were found odd while they were used: to be read soon. */
  readonly suspects: Set<RelPath>
  /** Whether the file is behind what is known. */
  isUnsaved: boolean
}

export function createScrub(): Scrub {
  return {
    position: null,
    lastCompleteMs: null,
    asked: null,
    running: null,
    files: 0,
    bytes: 0,
    repaired: 0,
    damagedVersions: new Map(),
    suspects: new Set(),
    isUnsaved: false,
  }
}

const nameOf = (folder: FolderId): string => `folders/${folder}.scrub`
const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Only notes: whatever is wrong with them, the next round finds it again. */
export async function loadScrub({ id, deps, scrub, damaged }: Folder): Promise<void> {
  const bytes = await deps.state.read(nameOf(id))
  if (bytes === undefined) return
  try {
    const { position, lastCompleteMs, damaged: found } = JSON.parse(decoder.decode(bytes)) as Record<string, unknown>
    scrub.position = typeof position === 'string' && pathFault(position) === undefined ? parseRelPath(position) : null
    scrub.lastCompleteMs = typeof lastCompleteMs === 'number' ? lastCompleteMs : null
    for (const each of Array.isArray(found) ? found : []) damaged.set(...parseDamage(each))
  } catch (cause) {
    deps.log.event('scrub.forgotten', { folder: id, cause: String(cause) })
  }
}

/** @throws for anything that `saveScrub` did not write */
function parseDamage(value: unknown): [RelPath, Damage] {
  const { path, kind, fingerprint, hash, sizeBytes, isToRepair } = value as Record<string, unknown>
  const damage: Damage = {
    kind: kind === 'unreadable' ? 'unreadable' : 'rot',
    fingerprint: String(fingerprint) as Fingerprint,
    hash: parseBlobHash(hash),
    sizeBytes: Number(sizeBytes),
    isToRepair: isToRepair === true,
  }
  return [parseRelPath(path), damage]
}

/** Writes down what has changed since the last time; a disk that takes it not now takes it later. */
export async function saveScrub({ id, deps, scrub, damaged }: Folder): Promise<void> {
  if (!scrub.isUnsaved) return
  scrub.isUnsaved = false
  const { position, lastCompleteMs } = scrub
  const found = [...damaged].map(([path, damage]) => ({ path, ...damage }))
  try {
    const text = JSON.stringify({ position, lastCompleteMs, damaged: found })
    await deps.state.write(nameOf(id), encoder.encode(`${text}\n`))
  } catch (cause) {
    scrub.isUnsaved = true
    deps.log.event('scrub.unsaved', { folder: id, cause: String(cause) })
  }
}

export async function removeScrub(state: StateFiles, folder: FolderId): Promise<void> {
  await state.remove(nameOf(folder))
}

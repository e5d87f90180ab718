/** Where a simulated folder lies on its disk, and how its paths become names there. */

import type { FolderId } from '../../protocol/ids.ts'
import type { DirPath } from '../../protocol/path.ts'
import { HOLT_DIRECTORY } from '../../protocol/path.ts'
import type { RootState } from '../../daemon/ports.ts'
import type { DiskCalls } from './disk.ts'
import type { Volume } from './volume.ts'

export interface TreeRoot {
  readonly calls: DiskCalls
  /** Absolute, without a slash at its end. */
  readonly path: string
  readonly folder: FolderId
}

export const holtPath = (root: string): string => `${root}/${HOLT_DIRECTORY}`
export const incomingPath = (root: string): string => `${holtPath(root)}/incoming`
export const versionsPath = (root: string): string => `${holtPath(root)}/versions`
export const versionsLogPath = (root: string): string => `${versionsPath(root)}/log`
const markerPath = (root: string): string => `${holtPath(root)}/folder`

/** Makes a directory (with parents) the root of a folder, durably: what adding a folder does. */
export function markRoot(volume: Volume, root: string, folder: FolderId): void {
  for (const directory of [...parentsOf(root), root, holtPath(root), incomingPath(root), versionsPath(root)]) {
    if (volume.find(directory) === undefined) volume.create(directory, 'directory')
  }
  const marker = volume.find(markerPath(root)) ?? volume.create(markerPath(root), 'file')
  volume.replace(markerPath(root), marker, new TextEncoder().encode(folder))
  volume.syncAll()
}

export function rootState(volume: Volume, root: string, folder: FolderId): RootState {
  if (volume.find(root)?.kind !== 'directory') return 'missing'
  const marker = volume.find(markerPath(root))
  if (marker?.kind !== 'file' || new TextDecoder().decode(marker.content) !== folder) return 'unmarked'
  return volume.isReadOnly ? 'read-only' : 'ok'
}

/** The place of a path on the disk: its names are NFC, those on the disk need not be. */
export function placeOf(volume: Volume, root: string, path: DirPath): string {
  let at = root
  for (const name of path.split('/')) {
    if (name === '') continue
    const exact = `${at}/${name}`
    at = isAscii(name) || volume.find(exact) !== undefined ? exact : `${at}/${diskNameOf(volume, at, name)}`
  }
  return at
}

function isAscii(name: string): boolean {
  return !/[^\u0020-\u007e]/.test(name)
}

function diskNameOf(volume: Volume, directory: string, name: string): string {
  for (const onDisk of volume.find(directory)?.names.values() ?? []) {
    if (onDisk.name.normalize('NFC') === name) return onDisk.name
  }
  return name
}

function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(1, -1)
  return parts.map((_, i) => `/${parts.slice(0, i + 1).join('/')}`)
}

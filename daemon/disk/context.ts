/** What the parts of one open root share. */

import { join } from 'node:path'
import type { FolderId } from '../../protocol/ids.ts'
import type { DirPath } from '../../protocol/path.ts'
import { HOLT_DIRECTORY } from '../../protocol/path.ts'
import type { Clock, RootTraits } from '../ports.ts'
import type { DiskNames } from './names.ts'

export interface DiskContext {
  /** Absolute, all symbolic links resolved, without a slash at its end. */
  readonly root: string
  readonly folder: FolderId
  readonly names: DiskNames
  readonly clock: Clock
  readonly traits: RootTraits
}

export const markerFile = (root: string): string => join(root, HOLT_DIRECTORY, 'folder')
export const incomingDirectory = (root: string): string => join(root, HOLT_DIRECTORY, 'incoming')
export const versionsDirectory = (root: string): string => join(root, HOLT_DIRECTORY, 'versions')
export const versionsLogFile = (root: string): string => join(versionsDirectory(root), 'log')

/** Where a path lies on the disk. Only for reading: what changes the disk goes through opened directories. */
export function diskPath({ root, names }: DiskContext, path: DirPath): string {
  return [root, ...names.components(path)].join('/')
}

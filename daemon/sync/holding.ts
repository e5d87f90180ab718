/** The folders that this device holds, as the engine keeps them and as others see them. */

import type { DeviceId } from '../../protocol/ids.ts'
import type { Position } from '../../protocol/manifest.ts'
import type { HaltNotice } from '../../protocol/meta-messages.ts'
import type { Folder } from './folder.ts'
import type { Recovery } from './recovery.ts'
import type { FolderSettings } from './settings.ts'

/** Why a root cannot be opened: the code of the error, where it has one. */
export interface RootFault {
  readonly code: string | undefined
  readonly message: string
}

/** A folder that this device holds. */
export interface Held {
  readonly settings: FolderSettings
  /** Undefined while its root cannot be opened. */
  readonly folder: Folder | undefined
  /** Why it cannot. */
  readonly fault: RootFault | null
  /** What other devices say of their copies. */
  readonly remotes: ReadonlyMap<DeviceId, Remote>
  /** Devices whose manifest only a newer Holt understands: until this one is updated nothing is applied. */
  readonly newer: ReadonlySet<DeviceId>
}

export interface Remote {
  readonly isComplete: boolean
  readonly acked: Position | null
  readonly halt: HaltNotice | null
}

export interface RemoteState {
  isComplete: boolean
  acked: Position | null
  halt: HaltNotice | null
  holds: boolean
}

export interface Holding {
  settings: FolderSettings
  folder: Folder | undefined
  fault: RootFault | null
  recovery: Recovery
  readonly remotes: Map<DeviceId, RemoteState>
  readonly newer: Set<DeviceId>
  readonly stop: AbortController
  /** Ends the run of the folder, and begins another. */
  restart: (() => void) | undefined
  done: Promise<void>
  mustRecover: boolean
}

export function toHeld(holding: Holding): Held {
  const remotes = new Map([...holding.remotes].filter(([, remote]) => remote.holds))
  return { settings: holding.settings, folder: holding.folder, fault: holding.fault, remotes, newer: holding.newer }
}

export function remoteOf(holding: Holding, device: DeviceId): RemoteState {
  const known = holding.remotes.get(device)
  if (known !== undefined) return known
  const remote: RemoteState = { isComplete: false, acked: null, halt: null, holds: false }
  holding.remotes.set(device, remote)
  return remote
}

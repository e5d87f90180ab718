/** The folders that this device holds, as the engine keeps them and as others see them. */

import type { DeviceId } from '../../protocol/ids.ts'
import type { Position } from '../../protocol/manifest.ts'
import type { HaltNotice } from '../../protocol/meta-messages.ts'
import { errorCode } from './error-code.ts'
import type { Deps, Folder } from './folder.ts'
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
  readonly holds: boolean
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

/** Whether every other device that ever said what it holds here has acknowledged our log to its end. Nobody is away, then. */
export function isHeardByAll(
  { id, deps }: Pick<Folder, 'id' | 'deps'>,
  remotes: ReadonlyMap<DeviceId, Remote>,
  others: readonly DeviceId[],
): boolean {
  return deps.catalogue.read((tx) => {
    const own = tx.ownHead(id)
    const hasAll = (acked: Position | null | undefined): boolean =>
      acked != null && acked.epoch === own?.epoch && acked.seq === own.lastSeq
    const holders = others.filter((device) => remotes.get(device)?.holds === true || tx.peerPosition(id, device))
    return holders.every((device) => hasAll(remotes.get(device)?.acked))
  })
}

/** What a pull tells cannot be refused: where it cannot be written down, the folder starts anew and finds it out again. */
export function orRestart(holding: Holding, { log }: Pick<Deps, 'log'>, record: () => void): void {
  try {
    record()
  } catch (cause) {
    if (errorCode(cause) === undefined) throw cause
    log.event('folder.failed', { folder: holding.settings.id, cause: String(cause) })
    holding.restart?.()
  }
}

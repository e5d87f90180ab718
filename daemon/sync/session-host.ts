/** What a session with another device needs of the engine, and tells it. */

import type { DeviceId, FolderId } from '../../protocol/ids.ts'
import type { Position } from '../../protocol/manifest.ts'
import type { HaltNotice, MetaMessage } from '../../protocol/meta-messages.ts'
import type { Deps, Folder } from './folder.ts'
import type { ManifestFolder } from './manifests.ts'

/** `rolled-back`: older than what the device had shown. `forked`: of another log under the same numbers. */
export type HeadFinding = 'in-order' | 'rolled-back' | 'forked'

/** What a session needs of the engine, and tells it. */
export interface SessionHost {
  readonly deps: Deps
  readonly release: string
  folder(id: FolderId): Folder | undefined
  /** Held here, or followed before it is accepted. */
  manifest(id: FolderId): ManifestFolder | undefined
  folders(): readonly Folder[]
  /** Whether a device is a member, or was one. */
  readonly wasMember: (device: DeviceId) => boolean
  haltNotice(folder: Folder): HaltNotice | null
  /** What the remote device runs: `VERSION PLATFORM`. For people. */
  onRelease(device: DeviceId, release: string): void
  /** The remote device holds the folder since now, or no longer. */
  onHolds(device: DeviceId, folder: FolderId, holds: boolean): void
  onEntries(folder: FolderId, device: DeviceId): void
  /** All of the device's log up to its head is here. */
  onComplete(folder: FolderId, device: DeviceId): void
  /** How a head of the device stands to what it has said before. */
  onHead(folder: FolderId, device: DeviceId, finding: HeadFinding): void
  /** All of our log up to a position is there. */
  onAcked(folder: FolderId, device: DeviceId, position: Position): void
  /** The other device knows more of our log than we do. */
  onBehind(folder: Folder): void
  /** The device's manifest of a folder says what only a newer Holt understands: nothing of it was taken. */
  onNewer(device: DeviceId, folder: FolderId): void
  onHalt(device: DeviceId, folder: FolderId, notice: HaltNotice | null): void
  onDecide(device: DeviceId, folder: Folder, approve: boolean): void
  onRecalled(folder: Folder, device: DeviceId, message: Extract<MetaMessage, { kind: 'recalled' }>): void
}

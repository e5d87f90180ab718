/** What the engine is given, and what it tells. */

import type { ConflictPolicy } from '../../protocol/folder-options.ts'
import type { DeviceId, FolderId } from '../../protocol/ids.ts'
import type { RetentionRule } from '../core/retention.ts'
import type { BlobStore, FileTree, PeerTransport } from '../ports.ts'
import type { DamageEvent } from './damage.ts'
import type { Deps, Halt } from './folder.ts'
import type { LookEvent, Pace } from './folder-loops.ts'
import type { PassOutcome, Pulls } from './resolve-pass.ts'
import type { HeadFinding } from './session-host.ts'
import type { FolderSettings } from './settings.ts'

/** A root as it was opened for a folder. */
export interface OpenRoot {
  readonly tree: FileTree
  readonly incoming: BlobStore
}

/** Who is in the group, at any time. */
export interface Membership {
  isMember(device: DeviceId): boolean
  /** Whether it is a member, or was one. */
  wasMember(device: DeviceId): boolean
  /** The other members. */
  others(): readonly DeviceId[]
  /** How conflicts of a folder are settled, as the group has agreed. */
  conflictPolicy(folder: FolderId): ConflictPolicy
  /** A member did what only a newer Holt understands: nothing is synced with anybody before this one is updated. */
  isOutdated(): boolean
}

export type EngineEvent =
  | { readonly kind: 'folder-changed'; readonly folder: FolderId }
  | { readonly kind: 'halted'; readonly folder: FolderId; readonly halt: Halt | null }
  | ({ readonly folder: FolderId } & LookEvent)
  | { readonly kind: 'resolved'; readonly folder: FolderId; readonly outcome: PassOutcome }
  /** A scrub has moved on, with what was found or is over since the last time. */
  | { readonly kind: 'scrubbed'; readonly folder: FolderId; readonly damage: readonly DamageEvent[] }
  | { readonly kind: 'session'; readonly device: DeviceId; readonly isOpen: boolean }
  /** A head of another device came. */
  | { readonly kind: 'peer-head'; readonly folder: FolderId; readonly device: DeviceId; readonly finding: HeadFinding }
  /** It said what it runs: `VERSION PLATFORM`. */
  | { readonly kind: 'release'; readonly device: DeviceId; readonly release: string }
  /** No session lasts although the device is connected. */
  | { readonly kind: 'session-failed'; readonly device: DeviceId; readonly cause: unknown }
  | { readonly kind: 'session-settled'; readonly device: DeviceId }

export interface EngineOptions {
  readonly deps: Deps
  readonly transport: PeerTransport
  readonly membership: Membership
  readonly pulls: Pulls
  readonly pace: Pace
  readonly retention: RetentionRule
  readonly release: string
  /** @throws when the root is not there or not this folder's. */
  openRoot(settings: FolderSettings): Promise<OpenRoot>
  onEvent(event: EngineEvent): void
}

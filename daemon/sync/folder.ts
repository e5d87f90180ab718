/** One folder while it runs: the ports it uses, and what is known of it only in memory. */

import type { Crypto, Signer } from '../../protocol/crypto.ts'
import type { ConflictPolicy } from '../../protocol/folder-options.ts'
import { formatConflictPolicy } from '../../protocol/folder-options.ts'
import type { FolderMode } from '../../protocol/group.ts'
import type { BlobHash, FolderId } from '../../protocol/ids.ts'
import type { Entry } from '../../protocol/entry.ts'
import type { DirPath, RelPath } from '../../protocol/path.ts'
import type { Catalogue, CatalogueWriter } from '../catalogue-port.ts'
import type { Agreement, Burst } from '../core/guard.ts'
import type { IgnoreFile, IgnoreRules } from '../core/ignore.ts'
import { createIgnoreRules } from '../core/ignore.ts'
import type { Damage } from '../core/scrub.ts'
import type { Resolver } from '../core/resolve.ts'
import type { SelectionRules } from '../core/selection.ts'
import { EVERYTHING } from '../core/selection.ts'
import type { BlobStore, Clock, FileTree, Log, Random, StateFiles } from '../ports.ts'
import type { Wish } from './wish.ts'
import type { DamageEvent } from './damage.ts'
import type { Scrub } from './scrub-state.ts'
import { createScrub } from './scrub-state.ts'
import type { Unstable } from './unstable.ts'
import type { ApplyGate } from './apply-gate.ts'
import { createApplyGate } from './apply-gate.ts'
import type { Looks } from './looks.ts'
import { createLooks } from './looks.ts'
import type { Latch } from './latch.ts'
import { createLatch } from './latch.ts'
import { PlannedFiles } from './planned.ts'
import { Slots } from './slots.ts'

/** What the daemon gives to every folder. */
export interface Deps {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly crypto: Crypto
  readonly signer: Signer
  readonly catalogue: Catalogue
  readonly state: StateFiles
}

/** A path that does not follow, and why; never one that stops the others. */
export interface Problem {
  readonly path: string
  readonly code: string
  readonly sentence: string
}

/** What stops a whole folder until a person decides, or the cause goes away. */
export type Halt =
  /** Observed here, not yet published. */
  | { readonly kind: 'mass-delete-here'; readonly deletes: number; readonly live: number }
  /** Received, not yet applied. */
  | { readonly kind: 'mass-delete-elsewhere'; readonly deletes: number; readonly live: number }
  | { readonly kind: 'root-missing' }
  | { readonly kind: 'root-unmarked' }
  | { readonly kind: 'root-read-only' }
  | { readonly kind: 'mount-missing'; readonly path: string }

export interface Folder {
  readonly id: FolderId
  readonly tree: FileTree
  readonly incoming: BlobStore
  readonly deps: Deps
  readonly mode: FolderMode
  /** As the group has it now. */
  policy(): ConflictPolicy
  /** What it was when what differs was last settled. */
  lastPolicy: string
  readonly gate: ApplyGate
  /** One batch of changes of the disk at a time: their intents are kept together. */
  readonly changing: Slots
  /** Directories that may have changed; `all` asks for a full scan. */
  readonly hints: Hints
  /** Full looks that somebody waits for. */
  readonly looks: Looks
  /** Raised when there is something to observe, to publish, to resolve. */
  readonly toObserve: Latch
  readonly toPublish: Latch
  /** Own edits: to be published without waiting for more. */
  readonly toPublishNow: Latch
  readonly toResolve: Latch
  /** Raised when the own log has grown, or somebody has more of it. */
  readonly toCompact: Latch
  /** Whoever moves the own head does it alone: what is in the catalogue and what is in its file are the same. */
  readonly publishing: Slots
  /** The ignore files by directory, in rising precedence. */
  readonly ignoreFiles: Map<DirPath, readonly IgnoreFile[]>
  rules: IgnoreRules
  /** What this device keeps of the folder. */
  readonly selection: SelectionRules
  /** The selection is another than when the disk was last compared: what is on the disk may never have seen what others say. */
  isReselected: boolean
  /** Something that is left out now is still held: it goes from this disk. */
  mustLeave: boolean
  /** What a directory listing or a change of the disk left undone. */
  readonly problems: Map<DirPath, readonly Problem[]>
  readonly failures: Map<RelPath, Problem>
  /** Paths that this root cannot hold, and what stands in their way, if something does. */
  readonly blocked: Map<RelPath, { readonly by: RelPath | null; readonly problem: Problem }>
  /** Whether links may lead out of the folder. */
  readonly allowsLinksAway: boolean
  /** Files that changed each time while they were read. */
  readonly unstable: Map<RelPath, Unstable>
  halt: Halt | null
  /** Deletions that are seen and not yet recorded, because more may be coming. */
  burst: Burst | null
  /** What is gone from the disk with so many others that a person is asked. */
  gone: ReadonlySet<RelPath>
  /** Some of it was on a volume that another one has taken the place of. */
  isSwapped: boolean
  /** Something was said or seen since the guard last looked at the deletions that others ask for. */
  hasNews: boolean
  /** When it did, on the monotonic clock. */
  judgedMs: number
  /** What a person said of the deletions that halted the folder; taken by the pass that meets them. */
  decision: 'approve' | 'reject' | null
  /** What a person said yes to before it came: deletions that halted another device. */
  agreed: Agreement | null
  isPaused: boolean
  /** The own manifest is being recalled from other devices. */
  isRecovering: boolean
  /** The catalogue is as new as what left this device: the folder may observe, publish and apply. */
  isReady: boolean
  /** Whole blobs that wait in the root's store to be placed. */
  readonly landed: Set<BlobHash>
  /** Files whose bytes are bad although nothing touched them. */
  readonly damaged: Map<RelPath, Damage>
  /** What is to be told of damage, oldest first. */
  readonly damageEvents: DamageEvent[]
  readonly scrub: Scrub
  /** Raised when something is to be read again at once. */
  readonly toScrub: Latch
  /** The blobs that each path waits for. */
  readonly waiting: Map<RelPath, readonly BlobHash[]>
  /** What of it needs nothing but its bytes. */
  readonly planned: PlannedFiles
  /** The disk was compared with the base since the start. */
  isScanned: boolean
  /** What a person said that single paths are to be. */
  readonly wishes: Map<RelPath, Wish>
  /** What a batch was about to make of its paths when the last life ended; empty once the disk was compared. */
  readonly intended: Map<RelPath, Entry>
}

export interface Hints {
  all: boolean
  readonly directories: Set<DirPath>
}

/** What a folder is made of when it begins to run. */
export type FolderParts = Pick<Folder, 'id' | 'tree' | 'incoming' | 'deps' | 'mode' | 'policy'> &
  Partial<Pick<Folder, 'selection' | 'allowsLinksAway'>>

export function createFolder(parts: FolderParts): Folder {
  return {
    ...parts,
    lastPolicy: formatConflictPolicy(parts.policy()),
    gate: createApplyGate(),
    changing: new Slots(1),
    hints: { all: true, directories: new Set() },
    looks: createLooks(),
    toObserve: createLatch(),
    toPublish: createLatch(),
    toPublishNow: createLatch(),
    toResolve: createLatch(),
    toCompact: createLatch(),
    publishing: new Slots(1),
    ignoreFiles: new Map(),
    rules: createIgnoreRules(new Map()),
    selection: parts.selection ?? EVERYTHING,
    isReselected: false,
    mustLeave: false,
    problems: new Map(),
    failures: new Map(),
    blocked: new Map(),
    allowsLinksAway: parts.allowsLinksAway ?? false,
    unstable: new Map(),
    halt: null,
    burst: null,
    gone: new Set(),
    isSwapped: false,
    hasNews: false,
    judgedMs: 0,
    decision: null,
    agreed: null,
    isPaused: false,
    isRecovering: false,
    isReady: false,
    landed: new Set(),
    damaged: new Map(),
    damageEvents: [],
    scrub: createScrub(),
    toScrub: createLatch(),
    waiting: new Map(),
    planned: new PlannedFiles(),
    isScanned: false,
    wishes: new Map(),
    intended: new Map(),
  }
}

/** Whether this device makes entries of its own: an edit here, a conflict that is settled, a directory that is needed. */
export function sends({ mode }: Pick<Folder, 'mode'>): boolean {
  return mode === 'send-receive' || mode === 'send-only'
}

export function resolverOf({ deps }: Folder): Resolver {
  return { self: deps.signer.device, unixSeconds: Math.floor(deps.clock.wallMs() / 1000) }
}

/** Whether nothing is said of a path: it is ignored, or this device leaves it out. */
export function isLeftOut({ rules, selection }: Folder, path: RelPath, isDirectory: boolean): boolean {
  return rules.ignores(path, isDirectory) || selection.leavesOut(path, isDirectory)
}

/** What waits for bytes is decided anew. */
export function decideAgain({ id, planned }: Folder, tx: CatalogueWriter): void {
  planned.clear()
  tx.resetWaiting(id)
}

/** Marks directories for the next observation. */
export function hint(folder: Folder, directories: Iterable<DirPath> | 'all'): void {
  if (directories === 'all') folder.hints.all = true
  else for (const directory of directories) folder.hints.directories.add(directory)
  folder.toObserve.raise()
}

/** Something else is said of the folder than before: it is resolved, and what it halted for is looked at again. */
export function hear(folder: Folder | undefined): void {
  if (folder === undefined) return
  folder.hasNews = true
  folder.toResolve.raise()
}

/**
 * Pulls: one queue a daemon, keyed by hash, that outlives passes. A plan only wants blobs; what is wanted is asked of whoever
 * holds it, verified, and lands in the store of each folder that wants it. Nothing is persisted: after a restart the same
 * plans want the same blobs, and the part files know what has arrived.
 *
 *     want ──► schedule ──► holders (streams, windows) ──► Puller.blob / chunk ──► store ──► onLanded
 *                 ▲                                              │
 *                 └────────── what did not come is given back ◄──┘
 */

import type { BlobRefusal } from '../../protocol/blob-messages.ts'
import type { BlobRef, ChunkList } from '../../protocol/chunks.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import type { BlobHash, DeviceId, FolderId } from '../../protocol/ids.ts'
import type { BlobStore, Clock, Log, PeerTransport, Random } from '../ports.ts'
import type { FileProgress, TransferEvent, TransferTotals } from './pull-progress.ts'
import type { DeltaBase } from './delta-base.ts'
import { createAlarm } from './alarm.ts'
import { Arrivals } from './pull-arrivals.ts'
import { PullBook, STUCK_MS } from './pull-book.ts'
import { Holders } from './pull-holders.ts'
import type { RateLine } from './rate-line.ts'
import { Work } from './work.ts'

export interface Want {
  readonly blob: BlobRef
  /** Where it must land. */
  readonly folder: FolderId
}

export type PullState =
  | 'queued'
  | 'active'
  /** Nobody who can be asked has it. */
  | 'waiting-for-holder'
  /** The folder's disk is full; tried again by itself. */
  | 'no-space'
  /** The folder's store failed otherwise; tried again by itself. */
  | 'store-fault'
  /** What entries say of the blob's size or chunks is not true. */
  | 'false-entry'
  /** Larger than what this program takes. */
  | 'too-large'

export interface PullStatus extends FileProgress {
  readonly folder: FolderId
  readonly state: PullState
  /** Why it waits: the code of the store's error, or how the last holder refused. */
  readonly reason: string | null
  /** Who may be asked for it, online or not. */
  readonly holders: readonly DeviceId[]
}

export type PullFault =
  /** It sent bytes that are not what it signed, or broke the protocol: it is not asked again for an hour. */
  | { readonly kind: 'banned'; readonly device: DeviceId; readonly reason: string }
  /** A holder does not give what its manifest says that it holds. `changed`: it was edited there meanwhile. */
  | { readonly kind: 'refused'; readonly device: DeviceId; readonly hash: BlobHash; readonly code: BlobRefusal }
  /** The signed size or chunk list is not the blob's: whoever signed it lied. Tried again after an hour. */
  | { readonly kind: 'false-entry'; readonly hash: BlobHash }
  | { readonly kind: 'too-large'; readonly hash: BlobHash }
  /** It does not fit on the disk now. Tried again after a while; the others of the folder go on. */
  | { readonly kind: 'no-room'; readonly hash: BlobHash }
  /** A folder's store failed; it takes nothing until `retryAtMs` of the monotonic clock. */
  | {
      readonly kind: 'store'
      readonly folder: FolderId
      readonly code: string
      readonly message: string
      readonly retryAtMs: number
    }

export interface PullQueue extends AsyncDisposable {
  /**
   * Wants a blob in a folder. Wanting it again is how new holders become known; it costs little.
   * False: the queue is full, or busy with a blob of that hash but of another size; want it again after `onRoom` or `onLanded`.
   */
  want(want: Want): boolean
  /** Lets go of it; a part that has arrived stays in the store. */
  unwant(folder: FolderId, hash: BlobHash): void
  /** Everything of a folder: it is paused, halted or gone. */
  unwantFolder(folder: FolderId): void
  /** What is wanted, oldest first: for status. */
  wanted(): Iterable<PullStatus>
  /** How far a folder is; undefined when it wants nothing. */
  totals(folder: FolderId): TransferTotals | undefined
}

export interface PullDeps {
  readonly transport: Pick<PeerTransport, 'open' | 'drop' | 'presence'>
  readonly clock: Clock
  readonly log: Log
  readonly random: Random
  readonly crypto: Crypto
  /** Undefined: the folder cannot take blobs for now. */
  readonly storeOf: (folder: FolderId) => BlobStore | undefined
  /** Devices whose own signed entries hold exactly this blob: the same hash, size and chunk list. This device is ignored. */
  readonly holdersOf: (blob: BlobRef) => readonly DeviceId[]
  /** What the folder has of an older content of a blob of more than one chunk. */
  readonly baseOf?: (folder: FolderId, blob: BlobRef) => DeltaBase | undefined
  /** These blobs are whole and durable in the folder's store, and no longer wanted there. */
  readonly onLanded: (folder: FolderId, hashes: readonly BlobHash[]) => void
  /** The chunk list of a blob, verified: to be kept for serving it. */
  readonly onChunkList?: (list: ChunkList) => void
  readonly onFault?: (fault: PullFault) => void
  readonly onProgress?: (event: TransferEvent) => void
  /** There is room again after `want` returned false. */
  readonly onRoom?: () => void
  /** How fast bytes of blobs may come in; left out: as fast as they can. */
  readonly line?: RateLine
  readonly signal: AbortSignal
}

/** Begins to pull at once. Disposing it (or the signal) ends all streams; what has arrived of large blobs stays. */
export function createPullQueue(deps: PullDeps): PullQueue {
  const ending = new AbortController()
  const signal = AbortSignal.any([deps.signal, ending.signal])
  const { transport, clock, log, random, crypto } = deps
  const work = new Work({ signal })
  const alarm = createAlarm(clock, signal, () => earliest(book.tick(), holders.tick()))
  const book: PullBook = new PullBook(
    { ...deps, signal },
    {
      work,
      pump: () => holders.pump(),
      cancel: (blob) => holders.cancel(blob),
      storeEmpty: (pull) => arrivals.empty(pull),
      wakeAt: (atMs) => alarm.at(atMs),
    },
  )
  const arrivals: Arrivals = new Arrivals({
    ...{ book, crypto, work, signal, holders: () => holders },
    ...{ transport, clock, log, baseOf: (folder, blob) => deps.baseOf?.(folder, blob) },
    onChunkList: (list) => deps.onChunkList?.(list),
    onBanned: (device, reason) => deps.onFault?.({ kind: 'banned', device, reason }),
    onUnavailable: () => alarm.at(clock.monotonicMs() + STUCK_MS),
  })
  const { schedule } = book
  const holders: Holders = new Holders({
    transport,
    clock,
    log,
    random,
    schedule,
    alarm,
    signal,
    work,
    deliver: arrivals,
    line: deps.line,
  })
  void work.spawn(holders.follow())

  return {
    want: (want) => book.want(want),
    unwant: (folder, hash) => book.unwant(folder, hash),
    unwantFolder: (folder) => book.unwantFolder(folder),
    wanted: () => book.wanted(),
    totals: (folder) => book.progress.totals(folder),
    async [Symbol.asyncDispose]() {
      ending.abort(new Error('the pull queue has ended'))
      await work.ended()
      await book.closeAll()
    },
  }
}

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)
}

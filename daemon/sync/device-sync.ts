/** Everything that keeps one device's folders the same as others': the engine, the queue of pulls, and the serving of blobs. */

import type { BlobRef } from '../../protocol/chunks.ts'
import { HASH_BYTES } from '../../protocol/limits.ts'
import type { BlobHash, DeviceId } from '../../protocol/ids.ts'
import type { AbortOptions } from '../ports.ts'
import { baseOf } from './delta-base.ts'
import type { Engine } from './engine.ts'
import type { EngineOptions } from './engine-options.ts'
import { createEngine } from './engine.ts'
import type { Direction } from './limits.ts'
import { hint } from './folder.ts'
import { serveKept } from './kept-serve.ts'
import { parentOf } from '../../protocol/path.ts'
import type { PullFault, PullQueue } from './pull.ts'
import { createPullQueue } from './pull.ts'
import type { TransferEvent } from './pull-progress.ts'
import type { RateLine } from './rate-line.ts'
import type { LocatedBlob, SentPart, ServeDeps } from './serve.ts'
import { serveFine } from './serve-fine.ts'
import { serveBlobs } from './serve.ts'

export interface DeviceSyncOptions extends Omit<EngineOptions, 'pulls'> {
  readonly onTransfer: (event: TransferEvent) => void
  readonly onPullFault: (fault: PullFault) => void
  /** How fast bytes of blobs may go out and come in; left out: as fast as they can. */
  readonly limits?: Readonly<Record<Direction, RateLine>>
  readonly onSent: (device: DeviceId, part: SentPart) => void
}

export interface DeviceSync {
  readonly engine: Engine
  readonly pulls: PullQueue
  /** Runs until the signal aborts. */
  run(o: AbortOptions): Promise<void>
}

export function createDeviceSync(o: DeviceSyncOptions): DeviceSync {
  const stop = new AbortController()
  const { deps, transport } = o
  const pulls = createPullQueue({
    transport,
    clock: deps.clock,
    log: deps.log,
    random: deps.random,
    crypto: deps.crypto,
    signal: stop.signal,
    storeOf: (folder) => engine.folder(folder)?.incoming,
    holdersOf: (blob: BlobRef) => deps.catalogue.read((tx) => tx.holdersOf(blob)),
    baseOf: (folder, blob) => {
      const tree = engine.folder(folder)?.tree
      return tree && deps.catalogue.read((tx) => baseOf(tx, folder, tree, blob))
    },
    onLanded: (folder, hashes) => engine.landed(folder, hashes),
    onChunkList: (list) => deps.catalogue.transact({ isDurable: false }, (tx) => tx.putChunkList(list)),
    onFault: o.onPullFault,
    onProgress: o.onTransfer,
    onRoom: () => engine.wantAgain(),
    ...(o.limits && { line: o.limits.receive }),
  })
  const engine = createEngine({ ...o, pulls })
  return {
    engine,
    pulls,
    run: async (options) => {
      const held: ServeDeps = {
        transport,
        clock: deps.clock,
        log: deps.log,
        crypto: deps.crypto,
        locate: (hash) => Promise.resolve(locate(o, engine, hash)),
        mayRead: (device) => o.membership.isMember(device) && !o.membership.isOutdated(),
        onStale: (hash) => lookAgain(o, engine, hash),
        onSent: o.onSent,
        ...(o.limits && { line: o.limits.send }),
      }
      const serving = serveBlobs(held)
      const cutting = serveFine(held)
      using _kept = serveKept(
        {
          transport,
          clock: deps.clock,
          log: deps.log,
          held: (folder) => engine.get(folder),
          mayAsk: ({ remote }) => o.membership.isMember(remote) && !o.membership.isOutdated(),
        },
        options,
      )
      try {
        await engine.run(options)
      } finally {
        stop.abort(new Error('the sync has ended'))
        await pulls[Symbol.asyncDispose]()
        await serving[Symbol.asyncDispose]()
        await cutting[Symbol.asyncDispose]()
      }
    },
  }
}

/** Where a blob's bytes lie: in a file of a folder. */
function locate({ deps }: DeviceSyncOptions, engine: Engine, hash: BlobHash): LocatedBlob | undefined {
  const files = deps.catalogue.read((tx) => tx.ownByHash(hash, 4))
  for (const { folder: id, row } of files) {
    const tree = engine.folder(id)?.tree
    const { content, path } = row.entry
    const expect = row.fingerprint
    if (tree === undefined || content.kind !== 'file' || expect === null) continue
    return {
      folder: id,
      sizeBytes: content.sizeBytes,
      chunkHashes: (first, count) => Promise.resolve(chunkHashes(deps.catalogue, content.chunks, first, count)),
      read: (range, { into, signal }) => tree.read(path, { range, into, expect, signal }),
      cut: (range, averageBits, { signal }) => tree.cut(path, { range, averageBits, expect, signal }),
    }
  }
  return undefined
}

function chunkHashes(
  catalogue: DeviceSyncOptions['deps']['catalogue'],
  digest: BlobRef['chunks'],
  first: number,
  count: number,
): Uint8Array | undefined {
  if (digest === null) return undefined
  const list = catalogue.read((tx) => tx.chunkList(digest))
  return list?.hashes.subarray(first * HASH_BYTES, (first + count) * HASH_BYTES)
}

/** A file that was to be served is not what it was: its directory is looked at again, and the file is read, in case nobody wrote to it. */
function lookAgain({ deps }: DeviceSyncOptions, engine: Engine, hash: BlobHash): void {
  for (const { folder: id, row } of deps.catalogue.read((tx) => tx.ownByHash(hash, 4))) {
    const folder = engine.folder(id)
    if (folder === undefined) continue
    hint(folder, [parentOf(row.entry.path)])
    folder.scrub.suspects.add(row.entry.path)
    folder.toScrub.raise()
  }
}

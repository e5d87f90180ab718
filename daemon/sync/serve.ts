/**
 * Serving: answers what other devices ask of the blobs that this one holds, wherever their bytes lie. Every byte that leaves
 * was checked against its hash a moment before, so that a file which was edited meanwhile answers `changed` and never lies.
 * The asker's window is the backpressure; this side bounds how much a stream may have open, and keeps to the limits of sending.
 */

import type { BlobRefusal } from '../../protocol/blob-messages.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import type { BlobHash, DeviceId, FolderId } from '../../protocol/ids.ts'
import { BLOB } from '../../protocol/protocols.ts'
import type { AbortOptions, ByteRange, Clock, Log, PeerTransport } from '../ports.ts'
import type { RateLine } from './rate-line.ts'
import { SendGate } from './send-gate.ts'
import { ServeSession } from './serve-session.ts'
import { serveStreams } from './serve-streams.ts'

/** Where the bytes of a blob are on this device. */
export interface LocatedBlob {
  /** The folder whose file it is. */
  readonly folder: FolderId
  readonly sizeBytes: number
  /** The hashes of `count` chunks from `first`, joined; asked only of blobs of more than one chunk. Undefined: not known. */
  chunkHashes(first: number, count: number): Promise<Uint8Array | undefined>
  /**
   * Bytes `start` (in) to `end` (out), which may be read to `into` and then are parts of it.
   *
   * @throws an error of code `changed` or `missing` where the bytes are not there any more
   */
  read(range: ByteRange, o: AbortOptions & { into: Uint8Array }): AsyncIterable<Uint8Array>
  /** Cuts a region into fine chunks: lists of its pieces, as they are made. @throws as `read` does */
  cut(range: ByteRange, averageBits: number, o: AbortOptions): AsyncIterable<Uint8Array>
}

/** So many bytes of a blob that have gone out. */
export interface SentPart {
  readonly folder: FolderId
  readonly hash: BlobHash
  readonly bytes: number
  readonly sizeBytes: number
}

export interface ServeDeps {
  readonly transport: Pick<PeerTransport, 'handle'>
  readonly clock: Clock
  readonly log: Log
  readonly crypto: Crypto
  /** Undefined: not held here. */
  readonly locate: (hash: BlobHash) => Promise<LocatedBlob | undefined>
  /** Whether a device may have a blob: it is in a folder that the device is told of. */
  readonly mayRead: (device: DeviceId, hash: BlobHash) => boolean
  /** What was located is not there as it was: the path should be scanned again. */
  readonly onStale?: (hash: BlobHash, code: BlobRefusal) => void
  readonly onSent?: (device: DeviceId, part: SentPart) => void
  /** How fast bytes of blobs may go out; left out: as fast as they can. */
  readonly line?: RateLine
}

/** Serves until it is disposed; then all streams end, and the promise resolves when nothing reads any more. */
export function serveBlobs(deps: ServeDeps): AsyncDisposable {
  let gate: SendGate | undefined
  return serveStreams(deps.transport, BLOB, (stream, signal) => {
    // One for all streams, which end together.
    gate ??= deps.line && new SendGate(deps.line, deps.clock, signal)
    return new ServeSession(stream, deps, gate, signal).run()
  })
}

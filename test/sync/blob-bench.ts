/**
 * A simulated home that pulls and some holders that serve, for the tests of both.
 *
 *     await using bench = new BlobBench(7)
 *     const big = bench.blob(5 * CHUNK_BYTES)
 *     const anna = bench.holder('anna', [big])
 *     bench.start()
 *     bench.want(big)
 *     await bench.untilLanded(big)
 */

import assert from 'node:assert/strict'
import type { BlobRequest } from '../../protocol/blob-messages.ts'
import { parseRequest } from '../../protocol/blob-messages.ts'
import type { BlobRef, ChunkList } from '../../protocol/chunks.ts'
import { chunkCount, toChunkList } from '../../protocol/chunks.ts'
import type { BlobHash, DeviceId, FolderId } from '../../protocol/ids.ts'
import { blobHashOf, parseFolderId } from '../../protocol/ids.ts'
import { CHUNK_BYTES, HASH_BYTES } from '../../protocol/limits.ts'
import { FINE_BYTES, cutBytes } from '../../protocol/fine-cut.ts'
import type { ProtocolSpec } from '../../protocol/protocols.ts'
import { BLOB } from '../../protocol/protocols.ts'
import { createNativeCrypto } from '../../daemon/native-crypto.ts'
import type { ByteRange, Clock, PeerStream, PeerTransport } from '../../daemon/ports.ts'
import type { TransferEvent } from '../../daemon/sync/pull-progress.ts'
import type { PullFault, PullQueue } from '../../daemon/sync/pull.ts'
import { createPullQueue } from '../../daemon/sync/pull.ts'
import type { LocatedBlob, ServeDeps } from '../../daemon/sync/serve.ts'
import type { DeltaBase } from '../../daemon/sync/delta-base.ts'
import type { DirectionLimits } from '../../daemon/sync/rate-line.ts'
import { RateLine } from '../../daemon/sync/rate-line.ts'
import { serveFine } from '../../daemon/sync/serve-fine.ts'
import { serveBlobs } from '../../daemon/sync/serve.ts'
import { fingerprintOf } from '../sim/disk-names.ts'
import type { DiskOptions } from '../sim/disk.ts'
import type { NetworkOptions } from '../sim/network.ts'
import type { SimDevice, World } from '../sim/world.ts'
import { createWorld } from '../sim/world.ts'

export const crypto = createNativeCrypto()
export const FOLDER = parseFolderId('00112233445566778899aabbccddeeff')
export const OTHER = parseFolderId('ffeeddccbbaa99887766554433221100')
const ROOTS = new Map([
  [FOLDER, '/photos'],
  [OTHER, '/notes'],
])
const { signal } = new AbortController()
/** Virtual time that anything may take. */
const PATIENCE_MS = 4 * 3_600_000

/** A blob with its bytes, which the bench invents. */
export interface Known extends BlobRef {
  readonly bytes: Uint8Array
  readonly list: ChunkList | null
}

/** What a holder does, beside serving its blobs as it should. */
export interface Manners {
  /** What it serves in place of a blob's bytes. */
  bytesOf?: (known: Known) => Uint8Array
  /** A Holt that knows no fine lists. */
  isOld?: boolean
  /** What it cuts in place of a blob's bytes. */
  fineBytesOf?: (known: Known) => Uint8Array
  /** How long it waits before it cuts. */
  cutDelayMs?: number
  /** What it serves in place of a blob's bytes where less than a chunk is asked for. */
  gapsOf?: (known: Known) => Uint8Array
  /** Thrown by every read. */
  fault?: 'changed' | 'missing'
  /** The chunk list that it gives. */
  listOf?: (list: ChunkList) => Uint8Array
  mayRead?: (hash: BlobHash) => boolean
  /** How fast it sends. */
  send?: DirectionLimits
}

export interface Holder {
  readonly device: SimDevice
  readonly manners: Manners
  readonly blobs: Map<BlobHash, Known>
  /** Requests that came, in order. */
  readonly asked: BlobRequest[]
  readonly stale: string[]
  /** What it began to cut, in order. */
  readonly cuts: ByteRange[]
  /** Bytes of blobs that went out. */
  sentBytes: number
  /** The limits of what it sends. */
  line: RateLine | undefined
}

export class BlobBench implements AsyncDisposable {
  readonly world: World
  readonly home: SimDevice
  readonly holders: Holder[] = []
  /** Devices that state to hold what their holder has, and whoever a test adds. */
  readonly stated = new Map<BlobHash, DeviceId[]>()
  /** What home has of an older content, by the hash of the new one. */
  readonly bases = new Map<BlobHash, DeltaBase>()
  readonly landed: { readonly folder: FolderId; readonly hash: BlobHash }[] = []
  readonly faults: PullFault[] = []
  readonly events: TransferEvent[] = []
  /** Names of what home has logged. */
  readonly logged: string[] = []
  /** The limits of what home receives. */
  line: RateLine | undefined
  readonly #landed = new Set<string>()
  readonly #banned = new Set<DeviceId>()
  #queue: PullQueue | undefined
  #transport: PeerTransport | undefined
  #blobs = 0

  constructor(seed: number, o: { network?: NetworkOptions; disk?: DiskOptions } = {}) {
    this.world = createWorld(seed, o)
    this.home = this.world.device('home')
    for (const [folder, root] of ROOTS) this.home.addRoot(root, folder)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  get queue(): PullQueue {
    assert.ok(this.#queue, 'the bench has started')
    return this.#queue
  }

  /** Bytes nobody has seen before. */
  blob(sizeBytes: number): Known {
    const bytes = noise(sizeBytes, ++this.#blobs)
    return knownOf(bytes)
  }

  /** A device that holds these blobs and serves them. */
  holder(name: string, blobs: readonly Known[], manners: Manners = {}): Holder {
    const device = this.world.device(name)
    const holder: Holder = {
      device,
      manners,
      blobs: new Map(),
      asked: [],
      stale: [],
      cuts: [],
      sentBytes: 0,
      line: undefined,
    }
    for (const known of blobs) {
      holder.blobs.set(known.hash, known)
      this.state(known, device.id)
    }
    this.holders.push(holder)
    this.startHolder(holder)
    return holder
  }

  startHolder(holder: Holder): void {
    holder.device.start(({ transport, clock, log }) => {
      holder.line = lineOf(clock, holder.manners.send)
      const own: ServeDeps = {
        transport: listening(transport, holder.asked),
        ...{ clock, log, crypto },
        locate: async (hash) => locate(holder, hash, clock),
        mayRead: (_, hash) => holder.manners.mayRead?.(hash) ?? true,
        onStale: (_, code) => holder.stale.push(code),
        onSent: (_, { bytes }) => (holder.sentBytes += bytes),
        line: holder.line,
      }
      serveBlobs(own)
      if (holder.manners.isOld !== true) serveFine({ ...own, transport })
      transport.admit(new Set(this.world.devices().map(({ id }) => id)))
    })
    this.#admitAll()
  }

  /** A device that a test speaks for itself. */
  script(name: string, speak: (stream: PeerStream) => Promise<void>): SimDevice {
    const device = this.world.device(name)
    device.start(({ transport }) => {
      transport.handle(BLOB, speak)
      transport.admit(new Set(this.world.devices().map(({ id }) => id)))
    })
    return device
  }

  state(blob: BlobRef, device: DeviceId): void {
    this.stated.set(blob.hash, [...(this.stated.get(blob.hash) ?? []), device])
  }

  /** Home begins to pull, as fast as it may receive. */
  start(receive?: DirectionLimits): void {
    this.home.start((ports) => {
      const { transport, clock, log, random, openStore } = ports
      this.#transport = transport
      this.#banned.clear()
      this.#admitAll()
      this.line = lineOf(clock, receive)
      const stores = new Map([...ROOTS].map(([folder, root]) => [folder, openStore(root)]))
      this.#queue = createPullQueue({
        ...{ transport, clock, random, crypto, signal, line: this.line },
        log: {
          event: (name, fields) => {
            this.logged.push(name)
            log.event(name, fields)
          },
        },
        storeOf: (folder) => stores.get(folder),
        holdersOf: ({ hash }) => this.stated.get(hash) ?? [],
        baseOf: (_, { hash }) => this.bases.get(hash),
        onLanded: (folder, hashes) => {
          for (const hash of hashes) this.#landed.add(`${folder} ${hash}`)
          this.landed.push(...hashes.map((hash) => ({ folder, hash })))
        },
        onFault: (fault) => {
          this.faults.push(fault)
          if (fault.kind === 'banned') this.#banned.add(fault.device)
        },
        onProgress: (event) => this.events.push(event),
      })
    })
  }

  async stop(): Promise<void> {
    const queue = this.#queue
    this.#queue = undefined
    if (queue === undefined || this.home.life === undefined) return
    const ending = async (): Promise<void> => queue[Symbol.asyncDispose]()
    await this.world.scheduler.complete(ending())
  }

  want(blob: BlobRef, folder = FOLDER): boolean {
    const { hash, sizeBytes, chunks } = blob
    return this.queue.want({ blob: { hash, sizeBytes, chunks }, folder })
  }

  /** Home has a file with an older content of a blob. @param onCut is called before each part of it is cut */
  giveBase(next: Known, known: Known, onCut: (edit: () => void) => void = () => undefined): void {
    const { volume } = this.home.disk
    const path = `${ROOTS.get(FOLDER)}/${known.hash}`
    const there = volume.find(path)
    const inode = there ?? volume.create(path, 'file')
    if (there === undefined) volume.replace(path, inode, known.bytes)
    const fingerprint = fingerprintOf(inode)
    this.bases.set(next.hash, {
      sizeBytes: known.sizeBytes,
      list: known.list ?? undefined,
      source: { root: ROOTS.get(FOLDER) ?? '', onDisk: known.hash, fingerprint },
      async *cut({ start, end }, averageBits) {
        onCut(() => volume.replace(path, inode, flipped(known.bytes, 1)))
        if (fingerprintOf(inode) !== fingerprint) throw Object.assign(new Error('edited'), { code: 'changed' })
        yield cutBytes(known.bytes.subarray(start, end), averageBits, crypto)
      },
    })
  }

  /** A stream from home, or from another device, to one that is online. */
  connect(device: DeviceId, protocol: ProtocolSpec, from = this.#transport): Promise<PeerStream> {
    const transport = from ?? assert.fail('the bench has started')
    const open = async (): Promise<PeerStream> => {
      for await (const { device: each, online } of transport.presence({ signal })) {
        if (online && each === device) return await transport.open(device, protocol, { signal })
      }
      return assert.fail('never online')
    }
    return this.world.scheduler.complete(open())
  }

  isLanded(blob: BlobRef, folder = FOLDER): boolean {
    return this.#landed.has(`${folder} ${blob.hash}`)
  }

  async untilLanded(...blobs: readonly BlobRef[]): Promise<void> {
    await this.until(() => blobs.every((blob) => this.isLanded(blob)), 'all blobs have landed')
    for (const blob of blobs) this.assertStored(blob)
  }

  async until(holds: () => boolean, what: string): Promise<void> {
    const cameTrue = await this.world.runUntil(holds, { withinMs: PATIENCE_MS, everyMs: 1 })
    assert.ok(cameTrue, `${what}; faults: ${JSON.stringify(this.faults)}; ${JSON.stringify([...this.queue.wanted()])}`)
  }

  /** Whether a device was banned since home was started last, no hour ago. */
  isBanned(device: DeviceId): boolean {
    return this.#banned.has(device)
  }

  /** The store holds the whole blob, and its bytes are right. */
  assertStored(blob: BlobRef, folder = FOLDER): void {
    const path = `${ROOTS.get(folder)}/.holt/incoming/${blob.hash}`
    const bytes = this.home.disk.volume.find(path)?.content
    assert.ok(bytes, `blob ${blob.hash} is in the store`)
    assert.equal(blobHashOf(crypto.blake3(bytes)), blob.hash)
  }

  statusOf(blob: BlobRef): { state: string; reason: string | null } | undefined {
    for (const { hash, state, reason } of this.queue.wanted()) if (hash === blob.hash) return { state, reason }
    return undefined
  }

  #admitAll(): void {
    this.#transport?.admit(new Set(this.world.devices().map(({ id }) => id)))
  }
}

export function knownOf(bytes: Uint8Array): Known {
  const hashes = new Uint8Array(chunkCount(bytes.length) * HASH_BYTES)
  for (let i = 0; i * CHUNK_BYTES < bytes.length; i++) {
    hashes.set(crypto.blake3(bytes.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES)), i * HASH_BYTES)
  }
  const list = bytes.length > CHUNK_BYTES ? toChunkList(hashes, crypto) : null
  const hash = blobHashOf(crypto.blake3(bytes))
  return { hash, sizeBytes: bytes.length, chunks: list?.digest ?? null, bytes, list }
}

/** Bytes that look random and are not. */
export function noise(sizeBytes: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(sizeBytes / 4))
  let state = (seed * 2_654_435_761) >>> 0 || 1
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[i] = state
  }
  return new Uint8Array(words.buffer, 0, sizeBytes)
}

/** The same bytes but for one. */
export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice()
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

/** By a clock on the wall that shows universal time. */
function lineOf(clock: Clock, limits: DirectionLimits | undefined): RateLine {
  const line = new RateLine({
    clock,
    localTime: (wallMs) => {
      const minutes = Math.floor(wallMs / 60_000)
      // The first of January 1970 was a Thursday.
      return { weekday: (Math.floor(minutes / 1440) + 3) % 7, minute: minutes % 1440 }
    },
  })
  if (limits !== undefined) line.setLimits(limits)
  return line
}

function locate({ blobs, manners, cuts }: Holder, hash: BlobHash, clock: Clock): LocatedBlob | undefined {
  const known = blobs.get(hash)
  if (known === undefined) return undefined
  const { list } = known
  const hashes = list === null ? undefined : (manners.listOf?.(list) ?? list.hashes)
  return {
    folder: FOLDER,
    sizeBytes: known.sizeBytes,
    async *cut({ start, end }, averageBits) {
      cuts.push({ start, end })
      if (manners.cutDelayMs !== undefined) await clock.sleep(manners.cutDelayMs, { signal })
      if (manners.fault !== undefined) throw Object.assign(new Error(manners.fault), { code: manners.fault })
      const bytes = manners.fineBytesOf?.(known) ?? known.bytes
      const list = cutBytes(bytes.subarray(start, end), averageBits, crypto)
      for (let at = 0; at < list.length; at += 100 * FINE_BYTES) yield list.slice(at, at + 100 * FINE_BYTES)
    },
    chunkHashes: async (first, count) => hashes?.subarray(first * HASH_BYTES, (first + count) * HASH_BYTES),
    async *read({ start, end }) {
      if (manners.fault !== undefined) throw Object.assign(new Error(manners.fault), { code: manners.fault })
      const isWhole = end - start === CHUNK_BYTES || end === known.sizeBytes
      const bytes = (isWhole ? manners.bytesOf : manners.gapsOf)?.(known) ?? known.bytes
      const middle = start + Math.floor((end - start) / 2)
      yield bytes.subarray(start, middle)
      yield bytes.subarray(middle, end)
    },
  }
}

/** The same transport, with the requests that its streams bring written down. */
function listening(transport: PeerTransport, asked: BlobRequest[]): Pick<PeerTransport, 'handle'> {
  return {
    handle: (protocol, onStream) =>
      transport.handle(protocol, (stream) =>
        onStream({
          remote: stream.remote,
          write: (frame, o) => stream.write(frame, o),
          close: () => stream.close(),
          abort: (reason) => stream.abort(reason),
          recycle: (frame) => stream.recycle(frame),
          read: async (o) => {
            const frame = await stream.read(o)
            if (frame !== undefined) asked.push(parseRequest(frame))
            return frame
          },
        }),
      ),
  }
}

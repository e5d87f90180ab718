/** The answer to one request, frame by frame: locates the blob, reads its bytes into the frame, and checks them. */

import type { BlobRefusal, BlobRequest } from '../../protocol/blob-messages.ts'
import { blobsFrame, chunkFrame, hashesFrame, rangesFrame, refusedFrame } from '../../protocol/blob-messages.ts'
import { chunkCount, chunkSize, sameBytes } from '../../protocol/chunks.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { BlobHash, DeviceId } from '../../protocol/ids.ts'
import { idBytes } from '../../protocol/ids.ts'
import { BLOB_REQUEST_BYTES_MAX, CHUNK_BYTES, HASH_BYTES } from '../../protocol/limits.ts'
import { bytesIn } from '../core/schedule.ts'
import type { AbortOptions, ByteRange } from '../ports.ts'
import { errorCode } from './error-code.ts'
import { readInto } from './read-into.ts'
import type { LocatedBlob, SentPart, ServeDeps } from './serve.ts'

/** Small blobs of one frame, which are located and read at once: more would let the asker wait meanwhile. */
const FRAME_BLOBS_MAX = 256

export interface AnswerFrame {
  readonly frame: Uint8Array
  /** The last of its request. */
  readonly isLast: boolean
  /** What of which blob is in it. */
  readonly parts: readonly SentPart[]
}

type Request = Exclude<BlobRequest, { kind: 'cancel' }>
type GetRequest = Extract<BlobRequest, { kind: 'get' }>
type GetManyRequest = Extract<BlobRequest, { kind: 'get-many' }>
type ChunksRequest = Extract<BlobRequest, { kind: 'chunks' }>
type RangesRequest = Extract<BlobRequest, { kind: 'ranges' }>
type Found = { readonly located: LocatedBlob } | BlobRefusal
type SmallBlob = Uint8Array | BlobRefusal
interface Source {
  readonly located: LocatedBlob
  readonly hashes: Uint8Array
}

export class Answer {
  readonly #request: Request
  readonly #device: DeviceId
  readonly #deps: ServeDeps
  /** Chunks or blobs that were answered. */
  #done = 0
  /** Of a `get`: the blob, and the hashes of the chunks that are asked for. */
  #source: Source | undefined
  /** Of a `get-many`: what was located and is not answered yet, and the bytes of all that was located. */
  readonly #found: Found[] = []
  #declaredBytes = 0

  constructor(request: Request, device: DeviceId, deps: ServeDeps) {
    this.#request = request
    this.#device = device
    this.#deps = deps
  }

  get req(): number {
    return this.#request.req
  }

  /** No bytes of files: it is never limited. */
  get isMetadata(): boolean {
    return this.#request.kind === 'chunks'
  }

  /** Small blobs go before chunks of large blobs. */
  get isUrgent(): boolean {
    return this.#request.kind === 'get-many'
  }

  /** @throws ProtocolError `too-large` when more is asked for than one request may */
  next(o: AbortOptions): Promise<AnswerFrame> {
    const request = this.#request
    switch (request.kind) {
      case 'get':
        return this.#nextChunk(request, o)
      case 'get-many':
        return this.#nextBlobs(request, o)
      case 'chunks':
        return this.#hashes(request)
      case 'ranges':
        return this.#ranges(request, o)
    }
  }

  async #nextChunk(request: GetRequest, o: AbortOptions): Promise<AnswerFrame> {
    const { req, hash, firstChunk, count } = request
    const source = this.#source ?? (await this.#findSource(request))
    if (typeof source === 'string') return this.#refuse(source)
    this.#source = source
    const { located, hashes } = source
    const index = this.#done++
    const chunkNo = firstChunk + index
    const size = chunkSize(located.sizeBytes, chunkNo)
    const { frame, body } = chunkFrame(req, chunkNo, size)
    const range = { start: chunkNo * CHUNK_BYTES, end: chunkNo * CHUNK_BYTES + size }
    const chunkHash = hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)
    const refusal = await this.#fill(body, located, range, hash, chunkHash, o)
    if (refusal !== undefined) return this.#refuse(refusal)
    const { folder, sizeBytes } = located
    return { frame, isLast: this.#done === count, parts: [{ folder, hash, bytes: size, sizeBytes }] }
  }

  /** A blob of another size than the asker takes it to have is not the blob that is asked for. */
  async #findSource({ hash, firstChunk, count }: GetRequest): Promise<Source | BlobRefusal> {
    const found = await this.#find(hash)
    if (typeof found === 'string') return found
    const { located } = found
    const chunks = chunkCount(located.sizeBytes)
    if (chunks < 2 || firstChunk + count > chunks) return 'missing'
    const hashes = await located.chunkHashes(firstChunk, count)
    return hashes === undefined ? 'missing' : { located, hashes }
  }

  async #hashes({ req, hash, first, count }: ChunksRequest): Promise<AnswerFrame> {
    const found = await this.#find(hash)
    if (typeof found === 'string') return this.#refuse(found)
    const chunks = chunkCount(found.located.sizeBytes)
    if (chunks < 2 || first + count > chunks) return this.#refuse('missing')
    const hashes = await found.located.chunkHashes(first, count)
    if (hashes === undefined) return this.#refuse('missing')
    return { frame: hashesFrame(req, first, hashes), isLast: true, parts: [] }
  }

  /** They are not checked here, since nothing signed tells what they are: the asker checks the chunks that they complete. */
  async #ranges({ req, hash, ranges }: RangesRequest, o: AbortOptions): Promise<AnswerFrame> {
    const found = await this.#find(hash)
    if (typeof found === 'string') return this.#refuse(found)
    const { located } = found
    const { folder, sizeBytes } = located
    if (ranges.some(({ start, bytes }) => start + bytes > sizeBytes)) return this.#refuse('missing')
    const { frame, body } = rangesFrame(req, bytesIn(ranges))
    let at = 0
    for (const { start, bytes } of ranges) {
      const part = body.subarray(at, at + bytes)
      const refusal = await this.#read(part, located, { start, end: start + bytes }, hash, o)
      if (refusal !== undefined) {
        this.#deps.onStale?.(hash, refusal)
        return this.#refuse(refusal)
      }
      at += bytes
    }
    return { frame, isLast: true, parts: [{ folder, hash, bytes: body.length, sizeBytes }] }
  }

  async #nextBlobs(request: GetManyRequest, o: AbortOptions): Promise<AnswerFrame> {
    const { req, hashes } = request
    const first = this.#done
    const batch = await this.#nextFound(hashes)
    const items = await Promise.all(batch.map((found, i) => this.#readSmall(hashes[first + i], found, o)))
    this.#done += items.length
    const parts = items.flatMap((item, i) => {
      const [hash, found] = [hashes[first + i], batch[i]]
      if (typeof item === 'string' || hash === undefined || found === undefined || typeof found === 'string') return []
      return [{ folder: found.located.folder, hash, bytes: item.length, sizeBytes: item.length }]
    })
    return { frame: blobsFrame(req, first, items), isLast: this.#done === hashes.length, parts }
  }

  /** As many of the next blobs as fit into a frame, and at least one. */
  async #nextFound(hashes: readonly BlobHash[]): Promise<Found[]> {
    const batch: Found[] = []
    for (let bytes = 0; batch.length < FRAME_BLOBS_MAX && this.#done + batch.length < hashes.length;) {
      if (this.#found.length === 0) await this.#findMore(hashes, this.#done + batch.length)
      const [found] = this.#found
      if (found === undefined) break
      bytes += sizeOf(found)
      if (bytes > CHUNK_BYTES) break
      this.#found.shift()
      batch.push(found)
    }
    return batch
  }

  async #findMore(hashes: readonly BlobHash[], from: number): Promise<void> {
    const some = hashes.slice(from, from + FRAME_BLOBS_MAX)
    for (const found of await Promise.all(some.map((hash) => this.#find(hash)))) {
      const isSmall = typeof found === 'string' || found.located.sizeBytes <= CHUNK_BYTES
      this.#found.push(isSmall ? found : 'missing')
      if (isSmall) this.#declaredBytes += sizeOf(found)
    }
    if (this.#declaredBytes > BLOB_REQUEST_BYTES_MAX)
      throw new ProtocolError('too-large', 'a get-many of too many bytes')
  }

  async #readSmall(hash: BlobHash | undefined, found: Found, o: AbortOptions): Promise<SmallBlob> {
    if (hash === undefined || typeof found === 'string') return typeof found === 'string' ? found : 'missing'
    const { located } = found
    const bytes = new Uint8Array(located.sizeBytes)
    const range = { start: 0, end: located.sizeBytes }
    return (await this.#fill(bytes, located, range, hash, idBytes(hash), o)) ?? bytes
  }

  async #find(hash: BlobHash): Promise<Found> {
    if (!this.#deps.mayRead(this.#device, hash)) return 'denied'
    const located = await this.#deps.locate(hash)
    return located === undefined ? 'missing' : { located }
  }

  /** Reads a range into `body` and checks it; returns why it cannot be had. */
  async #fill(
    body: Uint8Array,
    located: LocatedBlob,
    range: ByteRange,
    hash: BlobHash,
    expected: Uint8Array,
    o: AbortOptions,
  ): Promise<BlobRefusal | undefined> {
    const outcome = await this.#read(body, located, range, hash, o)
    const isTrue = outcome === undefined && sameBytes(this.#deps.crypto.blake3(body), expected)
    if (isTrue) return undefined
    const code = outcome ?? 'changed'
    this.#deps.onStale?.(hash, code)
    return code
  }

  async #read(
    body: Uint8Array,
    located: LocatedBlob,
    range: ByteRange,
    hash: BlobHash,
    o: AbortOptions,
  ): Promise<BlobRefusal | undefined> {
    try {
      return (await readInto(located.read(range, { ...o, into: body }), body)) ? undefined : 'changed'
    } catch (cause) {
      const code = errorCode(cause)
      if (o.signal.aborted || code === undefined) throw cause
      if (code === 'changed') return 'changed'
      this.#deps.log.event('serve.unreadable', { hash, code })
      return 'missing'
    }
  }

  #refuse(code: BlobRefusal): AnswerFrame {
    return { frame: refusedFrame(this.req, code), isLast: true, parts: [] }
  }
}

function sizeOf(found: Found): number {
  return typeof found === 'string' ? 0 : found.located.sizeBytes
}

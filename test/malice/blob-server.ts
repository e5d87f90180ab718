/** Gives blobs to whoever asks, as they are or as somebody wishes that they were. */

import { CHUNK_BYTES } from '../../protocol/limits.ts'
import type { BlobRequest } from '../../protocol/blob-messages.ts'
import { blobsFrame, chunkFrame, hashesFrame, parseRequest, refusedFrame } from '../../protocol/blob-messages.ts'
import { BLOB } from '../../protocol/protocols.ts'
import type { PeerStream } from '../../daemon/ports.ts'
import type { Bytes } from './forge.ts'
import type { Mallory } from './mallory.ts'

const HASH_BYTES = 32
const forever = new AbortController().signal
const serving = new WeakMap<Mallory, Served>()

/** What is said in place of the truth. */
export interface Manners {
  readonly bytesOf?: (content: Bytes, chunkNo: number) => Uint8Array
  readonly listOf?: (content: Bytes) => Uint8Array
  /** Takes over: true when it has answered, or never will. */
  readonly answer?: (stream: PeerStream, request: BlobRequest) => Promise<boolean>
}

/** What one device serves now. */
interface Served {
  readonly contents: Bytes[]
  manners: Manners
  asked: number
}

/** Serves these beside what was served before, in this manner from now on. @returns how often it was asked. */
export function serveBytes(mallory: Mallory, contents: readonly Bytes[], manners: Manners = {}): Served {
  const known = serving.get(mallory)
  const served = known ?? { contents: [], manners, asked: 0 }
  served.contents.push(...contents)
  served.manners = manners
  if (known !== undefined) return served
  serving.set(mallory, served)
  mallory.transport.handle(BLOB, async (stream) => {
    for (;;) {
      const frame = await stream.read({ signal: forever })
      if (frame === undefined) return
      const request = parseRequest(frame)
      served.asked += 1
      if ((await served.manners.answer?.(stream, request)) !== true) await answer(stream, request, served)
    }
  })
  return served
}

async function answer(stream: PeerStream, request: BlobRequest, { contents, manners }: Served): Promise<void> {
  const find = (hash: string): Bytes | undefined =>
    contents.find((each) => Buffer.from(each.hash).toString('hex') === hash)
  const part = (content: Bytes, no: number): Uint8Array =>
    manners.bytesOf?.(content, no) ?? content.bytes.subarray(no * CHUNK_BYTES, (no + 1) * CHUNK_BYTES)
  const send = (bytes: Uint8Array): Promise<void> => stream.write(bytes, { signal: forever })
  if (request.kind === 'cancel') return
  if (request.kind === 'get-many') {
    const items = request.hashes.map((hash) => {
      const content = find(hash)
      return content === undefined ? 'missing' : part(content, 0)
    })
    return send(blobsFrame(request.req, 0, items))
  }
  const content = find(request.hash)
  if (content === undefined) return send(refusedFrame(request.req, 'missing'))
  if (request.kind === 'chunks') {
    const list = manners.listOf?.(content) ?? content.list ?? new Uint8Array(0)
    const from = request.first * HASH_BYTES
    return send(hashesFrame(request.req, request.first, list.slice(from, from + request.count * HASH_BYTES)))
  }
  if (request.kind === 'ranges') return send(refusedFrame(request.req, 'missing'))
  for (let no = request.firstChunk; no < request.firstChunk + request.count; no += 1) {
    const bytes = part(content, no)
    const { frame, body } = chunkFrame(request.req, no, bytes.length)
    body.set(bytes)
    await send(frame)
  }
}

/** Serving: what a device answers, in which order, and what it does not. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hex } from '@scure/base'
import type { BlobReply, BlobRequest } from '../../protocol/blob-messages.ts'
import { encodeRequest, parseReply } from '../../protocol/blob-messages.ts'
import { BLOB_REQUESTS_OPEN_MAX, CHUNK_BYTES, HASH_BYTES } from '../../protocol/limits.ts'
import { BLOB } from '../../protocol/protocols.ts'
import type { PeerStream, PeerTransport } from '../../daemon/ports.ts'
import type { NetworkOptions } from '../sim/network.ts'
import type { Holder, Known, Manners } from './blob-bench.ts'
import { BlobBench, crypto } from './blob-bench.ts'

const { signal } = new AbortController()
/** A frame is on its way long enough for requests to queue behind it. */
const SLOW: NetworkOptions = { latencyUs: [1000, 1000], bytesPerSecond: 20_000_000, windowBytes: CHUNK_BYTES }
type Ask = BlobRequest extends infer R ? (R extends { req: number } ? Omit<R, 'req'> : never) : never

/** Somebody who asks by hand. */
class Asker {
  readonly bench: BlobBench
  readonly holder: Holder
  readonly replies: BlobReply[] = []
  /** How the stream ended. */
  end: string | undefined
  #stream: PeerStream | undefined
  #req = 0

  constructor(seed: number, blobs: (bench: BlobBench) => readonly Known[], manners: Manners = {}) {
    this.bench = new BlobBench(seed, { network: SLOW })
    this.holder = this.bench.holder('anna', blobs(this.bench), manners)
  }

  /** Connects; from then on replies are taken as they come, unless `isDeaf`. */
  async connect({ isDeaf = false } = {}): Promise<void> {
    const { world, home } = this.bench
    home.start(({ transport }) => {
      transport.admit(new Set(world.devices().map(({ id }) => id)))
      void this.#follow(openWhenOnline(transport), isDeaf)
    })
    await this.bench.world.runUntil(() => this.#stream !== undefined, { withinMs: 60_000 })
  }

  async #follow(opening: Promise<PeerStream>, isDeaf: boolean): Promise<void> {
    const stream = await opening
    this.#stream = stream
    try {
      while (!isDeaf) {
        const frame = await stream.read({ signal })
        if (frame === undefined) break
        this.replies.push(parseReply(frame))
      }
      this.end = 'closed'
    } catch {
      this.end = 'gone'
    }
  }

  ask(request: Ask): number {
    this.write(encodeRequest({ ...request, req: ++this.#req }))
    return this.#req
  }

  write(frame: Uint8Array): void {
    this.#stream?.write(frame, { signal }).catch(() => undefined)
  }

  close(): void {
    void this.#stream?.close()
  }

  async run(ms = 10_000): Promise<void> {
    await this.bench.world.runFor(ms)
  }

  /** Replies in short: `chunk 1/0`, `refused 2 missing`. */
  get told(): string[] {
    return this.replies.map((reply) => {
      if (reply.kind === 'chunk') return `chunk ${reply.req}/${reply.chunkNo}`
      if (reply.kind === 'refused') return `refused ${reply.req} ${reply.code}`
      return reply.kind === 'ranges' ? `ranges ${reply.req}` : `${reply.kind} ${reply.req}/${reply.first}`
    })
  }
}

describe('a serving device', () => {
  it('gives chunks, chunk lists and small blobs as they were asked for', async () => {
    const blobs: Known[] = []
    const asker = new Asker(1, (bench) => {
      blobs.push(bench.blob(3 * CHUNK_BYTES - 9), bench.blob(50), bench.blob(0))
      return blobs
    })
    const [big, small, empty] = blobs
    assert.ok(big?.list && small && empty)
    await asker.connect()
    asker.ask({ kind: 'get', hash: big.hash, firstChunk: 1, count: 2 })
    asker.ask({ kind: 'chunks', hash: big.hash, first: 1, count: 2 })
    asker.ask({ kind: 'get-many', hashes: [small.hash, empty.hash] })
    await asker.run()
    const byReq = [1, 2, 3].map((req) => asker.replies.filter((reply) => reply.req === req))
    assert.deepEqual(
      shortened(byReq[0]),
      shortened([
        { kind: 'chunk', req: 1, chunkNo: 1, bytes: big.bytes.subarray(CHUNK_BYTES, 2 * CHUNK_BYTES) },
        { kind: 'chunk', req: 1, chunkNo: 2, bytes: big.bytes.subarray(2 * CHUNK_BYTES) },
      ]),
    )
    assert.deepEqual(byReq[1], [{ kind: 'hashes', req: 2, first: 1, hashes: big.list.hashes.subarray(HASH_BYTES) }])
    assert.deepEqual(byReq[2], [{ kind: 'blobs', req: 3, first: 0, items: [small.bytes, new Uint8Array(0)] }])
  })

  it('gives ranges of a blob, joined, and none that it does not have or the asker may not', async () => {
    const blobs: Known[] = []
    const manners: Manners = { mayRead: (hash) => hash !== blobs[1]?.hash }
    const asker = new Asker(
      12,
      (bench) => {
        blobs.push(bench.blob(3 * CHUNK_BYTES - 9), bench.blob(2 * CHUNK_BYTES))
        return blobs
      },
      manners,
    )
    const [big, hidden] = blobs
    assert.ok(big && hidden)
    await asker.connect()
    const [near, over] = [
      { start: 7, bytes: 5 },
      { start: 2 * CHUNK_BYTES - 3, bytes: 300 },
    ]
    asker.ask({ kind: 'ranges', hash: big.hash, ranges: [near, over] })
    asker.ask({ kind: 'ranges', hash: big.hash, ranges: [near, { start: big.sizeBytes - 1, bytes: 2 }] })
    asker.ask({ kind: 'ranges', hash: hidden.hash, ranges: [near] })
    asker.ask({ kind: 'ranges', hash: asker.bench.blob(9).hash, ranges: [near] })
    await asker.run()
    assert.deepEqual(asker.told, ['ranges 1', 'refused 2 missing', 'refused 3 denied', 'refused 4 missing'])
    const [first] = asker.replies
    const parts = [near, over].map(({ start, bytes }) => big.bytes.subarray(start, start + bytes))
    assert.ok(first?.kind === 'ranges' && Buffer.concat(parts).equals(first.bytes))
  })

  it('says that ranges are not there any more, and that the path is to be looked at', async () => {
    const blobs: Known[] = []
    const asker = new Asker(
      13,
      (bench) => {
        blobs.push(bench.blob(2 * CHUNK_BYTES))
        return blobs
      },
      { fault: 'changed' },
    )
    const [big] = blobs
    assert.ok(big)
    await asker.connect()
    asker.ask({ kind: 'ranges', hash: big.hash, ranges: [{ start: 0, bytes: 9 }] })
    await asker.run()
    assert.deepEqual([asker.told, asker.holder.stale], [['refused 1 changed'], ['changed']])
  })

  it('says what it does not hold, and what the asker may not have', async () => {
    const secret: Known[] = []
    const manners: Manners = { mayRead: (hash) => hash !== secret[0]?.hash }
    const asker = new Asker(
      2,
      (bench) => {
        secret.push(bench.blob(2 * CHUNK_BYTES))
        return secret
      },
      manners,
    )
    const { hash } = asker.bench.blob(9)
    const [hidden] = secret
    assert.ok(hidden)
    await asker.connect()
    asker.ask({ kind: 'get', hash, firstChunk: 0, count: 1 })
    asker.ask({ kind: 'chunks', hash, first: 0, count: 1 })
    asker.ask({ kind: 'get', hash: hidden.hash, firstChunk: 0, count: 1 })
    asker.ask({ kind: 'chunks', hash: hidden.hash, first: 0, count: 1 })
    asker.ask({ kind: 'get-many', hashes: [hash, hidden.hash] })
    await asker.run()
    assert.deepEqual(asker.told.filter((each) => each.startsWith('refused')).sort(), [
      'refused 1 missing',
      'refused 2 missing',
      'refused 3 denied',
      'refused 4 denied',
    ])
    const given = asker.replies.flatMap((reply) => (reply.kind === 'blobs' ? reply.items : []))
    assert.deepEqual(given, ['missing', 'denied'])
  })

  it('does not answer for a blob of another shape than the one that it holds', async () => {
    const blobs: Known[] = []
    const asker = new Asker(3, (bench) => {
      blobs.push(bench.blob(2 * CHUNK_BYTES), bench.blob(70))
      return blobs
    })
    const [big, small] = blobs
    assert.ok(big && small)
    await asker.connect()
    asker.ask({ kind: 'get', hash: big.hash, firstChunk: 1, count: 2 })
    asker.ask({ kind: 'chunks', hash: big.hash, first: 0, count: 3 })
    asker.ask({ kind: 'get', hash: small.hash, firstChunk: 0, count: 1 })
    asker.ask({ kind: 'get-many', hashes: [big.hash] })
    await asker.run()
    assert.deepEqual(asker.told.sort(), ['blobs 4/0', 'refused 1 missing', 'refused 2 missing', 'refused 3 missing'])
  })

  it('answers a note before the rest of a large file, and large files in turn', async () => {
    const blobs: Known[] = []
    const asker = new Asker(4, (bench) => {
      blobs.push(bench.blob(8 * CHUNK_BYTES), bench.blob(8 * CHUNK_BYTES), bench.blob(100))
      return blobs
    })
    const [a, b, note] = blobs
    assert.ok(a && b && note)
    await asker.connect()
    asker.ask({ kind: 'get', hash: a.hash, firstChunk: 0, count: 4 })
    asker.ask({ kind: 'get', hash: b.hash, firstChunk: 4, count: 4 })
    asker.ask({ kind: 'get-many', hashes: [note.hash] })
    await asker.run()
    assert.equal(asker.told.length, 9)
    // One frame is on its way, one is being sent and one is read ahead.
    assert.ok(asker.told.indexOf('blobs 3/0') <= 3, asker.told.join())
    const turns = asker.told.filter((each) => each.startsWith('chunk')).map((each) => each.slice(6, 7))
    assert.equal(turns.join(''), '11121222')
  })

  it('splits small blobs over frames of at most a chunk of bytes', async () => {
    const blobs: Known[] = []
    const asker = new Asker(5, (bench) => {
      blobs.push(...[700_000, 600_000, 100, 900_000].map((size) => bench.blob(size)))
      return blobs
    })
    await asker.connect()
    asker.ask({ kind: 'get-many', hashes: blobs.map(({ hash }) => hash) })
    await asker.run()
    assert.deepEqual(asker.told, ['blobs 1/0', 'blobs 1/1', 'blobs 1/3'])
    const items = asker.replies.flatMap((reply) => (reply.kind === 'blobs' ? reply.items : [])).map(shortened)
    assert.deepEqual(
      items,
      blobs.map(({ bytes }) => shortened(bytes)),
    )
  })

  it('ends a cancelled request, and says so once', async () => {
    const blobs: Known[] = []
    const asker = new Asker(6, (bench) => {
      blobs.push(bench.blob(9 * CHUNK_BYTES))
      return blobs
    })
    const hash = blobs[0]?.hash ?? assert.fail()
    await asker.connect()
    const reqs = [0, 4, 0, 4].map((firstChunk) => asker.ask({ kind: 'get', hash, firstChunk, count: 4 }))
    for (const req of reqs) asker.write(encodeRequest({ kind: 'cancel', req }))
    asker.write(encodeRequest({ kind: 'cancel', req: 77 }))
    await asker.run()
    assert.deepEqual(
      asker.told.filter((each) => each.startsWith('refused')),
      reqs.map((req) => `refused ${req} cancelled`),
    )
    assert.ok(asker.replies.length <= 6, asker.told.join())
    asker.ask({ kind: 'get', hash, firstChunk: 8, count: 1 })
    await asker.run()
    assert.equal(asker.told.at(-1), 'chunk 5/8')
  })

  it('is busy when too much is asked at a time', async () => {
    const blobs: Known[] = []
    const asker = new Asker(7, (bench) => {
      blobs.push(bench.blob(2 * CHUNK_BYTES))
      return blobs
    })
    const hash = blobs[0]?.hash ?? assert.fail()
    await asker.connect()
    for (let i = 0; i < BLOB_REQUESTS_OPEN_MAX + 20; i++) asker.ask({ kind: 'get', hash, firstChunk: 0, count: 1 })
    await asker.run()
    const busy = asker.told.filter((each) => each.endsWith('busy')).length
    assert.ok(busy > 0 && busy <= 20, `${busy} were refused`)
    assert.equal(asker.told.length, BLOB_REQUESTS_OPEN_MAX + 20)
    assert.equal(asker.end, undefined)
  })

  it('answers all that was asked before the asker closed, and then closes', async () => {
    const blobs: Known[] = []
    const asker = new Asker(8, (bench) => {
      blobs.push(bench.blob(4 * CHUNK_BYTES))
      return blobs
    })
    await asker.connect()
    asker.ask({ kind: 'get', hash: blobs[0]?.hash ?? assert.fail(), firstChunk: 0, count: 4 })
    asker.close()
    await asker.run()
    assert.equal(asker.told.length, 4)
    assert.equal(asker.end, 'closed')
  })
})

describe('a serving device that is asked by a peer without manners', () => {
  const small = (bench: BlobBench): Known[] => [
    bench.blob(CHUNK_BYTES),
    ...Array.from({ length: 5 }, () => bench.blob(CHUNK_BYTES)),
  ]

  it('cuts off who sends what is no request', async () => {
    const asker = new Asker(20, small)
    await asker.connect()
    asker.write(Uint8Array.of(1, 2, 3))
    await asker.run()
    assert.equal(asker.end, 'gone')
  })

  it('cuts off who uses a request number again', async () => {
    const asker = new Asker(21, small)
    await asker.connect()
    const [known] = [...asker.holder.blobs.values()]
    for (let i = 0; i < 2; i++)
      asker.write(encodeRequest({ kind: 'get-many', req: 5, hashes: [known?.hash ?? assert.fail()] }))
    await asker.run()
    assert.equal(asker.end, 'gone')
  })

  it('cuts off who asks for more than 4 MiB of small blobs in one request', async () => {
    const asker = new Asker(22, small)
    await asker.connect()
    asker.ask({ kind: 'get-many', hashes: [...asker.holder.blobs.keys()] })
    await asker.run()
    assert.equal(asker.end, 'gone')
    assert.ok(asker.holder.sentBytes <= 4 * CHUNK_BYTES)
  })

  it('cuts off who asks without end and does not read', async () => {
    const asker = new Asker(23, small)
    await asker.connect({ isDeaf: true })
    const { hash } = asker.bench.blob(1)
    const [known] = [...asker.holder.blobs.values()]
    for (let i = 0; i < 300; i++) asker.ask({ kind: 'get-many', hashes: [i < 100 ? (known?.hash ?? hash) : hash] })
    await asker.run(120_000)
    const lines = asker.holder.asked.length
    assert.ok(lines < 250, `${lines} requests were taken`)
  })
})

async function openWhenOnline(transport: PeerTransport): Promise<PeerStream> {
  for await (const { device, online } of transport.presence({ signal })) {
    if (online) return await transport.open(device, BLOB, { signal })
  }
  assert.fail('nobody came online')
}

/** Bytes by their hash: a difference of a megabyte takes minutes to print. */
function shortened(value: unknown): unknown {
  if (value instanceof Uint8Array) return `${value.length} bytes ${hex.encode(crypto.blake3(value))}`
  if (Array.isArray(value)) return value.map(shortened)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shortened(each)]))
}

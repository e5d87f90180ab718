/** What a holder can do with the bytes that others ask it for, and with what it asks others for. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { encode } from '../../protocol/codec.ts'
import { blobHashOf } from '../../protocol/ids.ts'
import { encodeRequest, parseReply } from '../../protocol/blob-messages.ts'
import type { BlobReply, BlobRequest } from '../../protocol/blob-messages.ts'
import { BLOB, META, PORTS } from '../../protocol/protocols.ts'
import type { PeerStream } from '../../daemon/ports.ts'
import { until } from '../e2e/device.ts'
import type { Attack } from './attack.ts'
import type { Manners } from './blob-server.ts'
import { serveBytes } from './blob-server.ts'
import type { Bytes } from './forge.ts'
import { bytesOf, file } from './forge.ts'
import { isCutOff } from './mallory.ts'
import type { Stage } from './stage.ts'

const BYTES = 'lying peer: wrong bytes'
const SIZES = 'lying peer: false size'
const FLOODS = 'lying peer: streams and requests without end'
const READS = 'what a member may not read'

const LARGE_BYTES = 2_500_000
const signal = AbortSignal.timeout(2 ** 31 - 1)

const flipped = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 5 ? byte ^ 1 : byte))

/** Each is a holder of its own: who lies once is not asked again for an hour. */
const LIES: readonly (readonly [name: string, manners: Manners])[] = [
  ['other bytes', { bytesOf: ({ bytes }, no) => flipped(bytes.subarray(no * 2 ** 20, (no + 1) * 2 ** 20)) }],
  ['too few bytes', { bytesOf: ({ bytes }, no) => bytes.subarray(no * 2 ** 20, (no + 1) * 2 ** 20 - 1) }],
  ['no bytes', { bytesOf: () => Uint8Array.of(0) }],
  ['another chunk list', { listOf: ({ list }) => flipped(list ?? new Uint8Array(0)) }],
  ['a longer chunk list', { listOf: ({ list }) => Buffer.concat([list ?? Buffer.alloc(0), Buffer.alloc(3200)]) }],
  ['garbage', { answer: (stream) => stream.write(randomBytes(5000), { signal }).then(() => true) }],
  ['answers to what nobody asked', { answer: (stream, { req }) => reply(stream, [4, req + 5, 0]) }],
  ['an answer of another kind', { answer: (stream, { req }) => reply(stream, [9, req, 0]) }],
  ['nothing, ever', { answer: () => Promise.resolve(true) }],
]

async function reply(stream: PeerStream, header: readonly number[]): Promise<boolean> {
  await stream.write(encode(header), { signal })
  return true
}

async function wrongBytes(stage: Stage): Promise<number> {
  for (const [i, [name, manners]] of LIES.entries()) {
    const liar = await stage.accomplice()
    const contents = [bytesOf(randomBytes(LARGE_BYTES), liar.crypto), bytesOf(randomBytes(900), liar.crypto)]
    const served = serveBytes(liar, contents, manners)
    const entries = contents.map((content, at) => file(`lie-${i}-${at}.bin`, content, liar.crypto))
    assert.equal(await stage.offer(stage.log(liar).add(entries).manifest(), liar), 'taken', name)
    await until(`the liar is asked: ${name}`, () => served.asked > 0)
    await delay(300)
    for (const at of [0, 1]) {
      const path = join(stage.root, `lie-${i}-${at}.bin`)
      const isTrue = existsSync(path) && readFileSync(path).equals(contents[at]?.bytes ?? Buffer.alloc(0))
      assert.ok(!existsSync(path) || isTrue, `${name}: ${path} has bytes that nobody signed`)
    }
  }
  return LIES.length
}

/** Slower than anybody would have patience for, beside an honest device that is as quick as ever (which the check after it sees). */
async function slowTrickle(stage: Stage): Promise<number> {
  const slow = await stage.accomplice()
  const content = bytesOf(randomBytes(LARGE_BYTES), slow.crypto)
  const trickle: Manners = {
    answer: (_, { kind }) => (kind === 'get' ? delay(600_000, true, { ref: false }) : Promise.resolve(false)),
  }
  const served = serveBytes(slow, [content], trickle)
  assert.equal(
    await stage.offer(
      stage
        .log(slow)
        .add([file('slow.bin', content, slow.crypto)])
        .manifest(),
      slow,
    ),
    'taken',
  )
  await until('it is asked', () => served.asked > 1)
  return 1
}

/** Entries whose sizes are not those of their bytes. */
async function falseSizes(stage: Stage): Promise<number> {
  const many = Array.from({ length: 100 }, () => 2 ** 48)
  const sizes = [0, 1, 5_000, 2 ** 20, 2 ** 20 + 1, 2 ** 40, 2 ** 44, ...many]
  const liar = await stage.accomplice()
  const contents = sizes.map((_, i) => bytesOf(randomBytes(i < 7 ? LARGE_BYTES + i : 2 ** 20 + i), liar.crypto))
  const served = serveBytes(liar, contents)
  const entries = sizes.map((size, i) => {
    const content = contents[i] ?? assert.fail()
    return file(`size-${i}.bin`, content, liar.crypto, { size, ...(size > 2 ** 20 ? {} : { chunks: null }) })
  })
  assert.equal(await stage.offer(stage.log(liar).add(entries).manifest(), liar), 'taken')
  await until('it is asked', () => served.asked > 0)
  await delay(1000)
  for (const i of sizes.keys()) assert.equal(existsSync(join(stage.root, `size-${i}.bin`)), false)
  assert.ok(incomingBytes(stage.root) < 64 * 2 ** 20, 'no space is taken for what was only claimed')
  return sizes.length
}

/** More than any disk has: of files whose chunk lists are true, and whose chunks will come for as long as they are asked for. */
async function enormousClaims(stage: Stage): Promise<number> {
  const liar = await stage.accomplice()
  const chunk = new Uint8Array(2 ** 20)
  const chunkHash = liar.crypto.blake3(chunk)
  const chunks = 2 ** 20
  const list = new Uint8Array(chunks * 32)
  for (let i = 0; i < chunks; i += 1) list.set(chunkHash, i * 32)
  const claims: Bytes[] = Array.from({ length: 4 }, (_, i) => ({
    bytes: chunk,
    hash: liar.crypto.blake3(Buffer.from(`claim ${i}`)),
    list,
  }))
  const served = serveBytes(liar, claims, { bytesOf: () => chunk })
  const entries = claims.map((claim, i) => file(`claim-${i}.bin`, claim, liar.crypto, { size: chunks * 2 ** 20 }))
  const before = incomingBytes(stage.root)
  assert.equal(await stage.offer(stage.log(liar).add(entries).manifest(), liar), 'taken')
  await until('it is asked', () => served.asked > 0)
  await delay(2000)
  assert.ok(incomingBytes(stage.root) - before < 64 * 2 ** 20, 'the disk is filled with what can never be whole')
  return claims.length
}

/** Bytes that are really taken. */
function incomingBytes(root: string): number {
  const directory = join(root, '.holt/incoming')
  return readdirSync(directory).reduce(
    (sum, name) => sum + (statSync(join(directory, name), { throwIfNoEntry: false })?.blocks ?? 0) * 512,
    0,
  )
}

async function forbiddenReads(stage: Stage): Promise<number> {
  const { mallory, victim, victimId } = stage
  const secret = readFileSync(victim.path('outside/secret.txt'))
  const identity = readFileSync(join(victim.home, 'state/identity'))
  const hashes = [secret, identity, Buffer.from('made up')].map((bytes) => blobHashOf(mallory.crypto.blake3(bytes)))
  const [first] = hashes
  assert.ok(first !== undefined)
  const requests: BlobRequest[] = [
    { kind: 'get-many', req: 1, hashes },
    { kind: 'get', req: 2, hash: first, firstChunk: 0, count: 1 },
    { kind: 'chunks', req: 3, hash: first, first: 0, count: 1 },
    { kind: 'get', req: 4, hash: first, firstChunk: 2 ** 28 - 1, count: 4 },
    { kind: 'chunks', req: 5, hash: first, first: 2 ** 28 - 1, count: 16384 },
  ]
  const stream = await mallory.open(victimId, BLOB)
  for (const request of requests) {
    await stream.write(encodeRequest(request), { signal })
    const frame = await stream.read({ signal: AbortSignal.timeout(10_000) })
    assert.ok(frame !== undefined)
    assert.ok(isRefusal(parseReply(frame)), `request ${request.req}`)
  }
  stream.abort('enough')
  return requests.length
}

const isRefusal = (answer: BlobReply): boolean =>
  answer.kind === 'refused' || (answer.kind === 'blobs' && answer.items.every((item) => typeof item === 'string'))

/** Requests that no program makes: each ends the stream. */
async function senselessRequests(stage: Stage): Promise<number> {
  const { mallory, victimId } = stage
  const hash = new Uint8Array(32)
  const max = Number.MAX_SAFE_INTEGER
  const frames = [
    encode([1, 1, hash, 0, 5]),
    encode([1, 1, hash, max, 1]),
    encode([1, 1, hash, 0, max]),
    encode([1, 1, hash, 0, 0]),
    encode([2, 1, new Uint8Array(32 * 1025)]),
    encode([2, 1, new Uint8Array(33)]),
    encode([3, 1, hash, 0, 16385]),
    encode([3, 1, hash, 0, max]),
    encode([7, 1]),
    encode([1, 0, hash, 0, 1]),
    Buffer.concat([encode([4, 1]), Buffer.alloc(1000)]),
    randomBytes(3000),
    new Uint8Array(0),
  ]
  for (const [i, frame] of frames.entries()) {
    const stream = await mallory.open(victimId, BLOB)
    await stream.write(frame, { signal })
    assert.ok(await isCutOff(stream), `request ${i}`)
  }
  return frames.length
}

/** Requests without end, whose answers nobody reads; on as many streams as can be had. */
async function unreadAnswers(stage: Stage): Promise<number> {
  const { mallory, victimId } = stage
  const bytes = readFileSync(join(stage.root, 'diary.txt'))
  const hash = blobHashOf(mallory.crypto.blake3(bytes))
  let asked = 0
  const streams: PeerStream[] = []
  for (let i = 0; i < 12; i += 1) {
    const stream = await mallory.transport
      .open(victimId, BLOB, { signal: AbortSignal.timeout(5000) })
      .catch(() => undefined)
    if (stream === undefined) break
    streams.push(stream)
  }
  for (const stream of streams) {
    try {
      for (let req = 1; req <= 150; req += 1) {
        const hashes = Array.from({ length: 1024 }, () => hash)
        await stream.write(encodeRequest({ kind: 'get-many', req, hashes }), { signal: AbortSignal.timeout(500) })
        asked += 1
      }
    } catch {
      // Cut off, or nobody takes any more of it.
    }
  }
  await stage.check('while answers are not read')
  for (const stream of streams) stream.abort('enough')
  return asked
}

/** Streams without end, on which nothing is said. */
async function silentStreams(stage: Stage): Promise<number> {
  const { mallory, victimId } = stage
  const streams: PeerStream[] = []
  let tried = 0
  for (const protocol of [META, BLOB, PORTS]) {
    for (let i = 0; i < 100; i += 1) {
      tried += 1
      const stream = await mallory.transport
        .open(victimId, protocol, { signal: AbortSignal.timeout(2000) })
        .catch(() => undefined)
      if (stream === undefined) break
      streams.push(stream)
    }
  }
  assert.ok(streams.length < 3 * 70, `${streams.length} streams are open at once`)
  await stage.check('while streams are silent')
  for (const stream of streams) stream.abort('enough')
  return tried
}

export const TRANSFER_ATTACKS: readonly Attack[] = [
  { threat: BYTES, name: 'bytes, lists and answers that are not true', run: wrongBytes },
  { threat: BYTES, name: 'a slow trickle', run: slowTrickle },
  { threat: SIZES, name: 'sizes that are not true', run: falseSizes, isSmall: true },
  { threat: SIZES, name: 'claims of more than any disk has', run: enormousClaims },
  { threat: READS, name: 'what lies outside the folder', run: forbiddenReads, isSmall: true },
  { threat: READS, name: 'senseless requests', run: senselessRequests },
  { threat: FLOODS, name: 'answers that nobody reads', run: unreadAnswers },
  { threat: FLOODS, name: 'streams that say nothing', run: silentStreams },
]

/** Pulling from holders that lie, change, refuse, fall silent or flood, into stores that fail. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { blobsFrame, chunkFrame, hashesFrame, parseRequest, refusedFrame } from '../../protocol/blob-messages.ts'
import { CHUNK_BYTES, HASH_BYTES, LIAR_BAN_MS } from '../../protocol/limits.ts'
import type { PeerStream } from '../../daemon/ports.ts'
import type { Known, Manners } from './blob-bench.ts'
import { BlobBench, FOLDER, OTHER, flipped } from './blob-bench.ts'

const MIB = 1024 * 1024
const { signal } = new AbortController()

const LIES: readonly (readonly [string, Manners])[] = [
  ['a wrong chunk', { bytesOf: ({ bytes }) => flipped(bytes, 2 * CHUNK_BYTES + 5) }],
  ['a false chunk list', { listOf: ({ hashes }) => flipped(hashes, HASH_BYTES) }],
]

describe('a holder that lies', () => {
  for (const [what, manners] of LIES) {
    it(`is not asked again for an hour after ${what}, and the others go on`, async () => {
      await using bench = new BlobBench(20)
      const [big, next] = [bench.blob(12 * CHUNK_BYTES), bench.blob(3 * CHUNK_BYTES)]
      // The liar does not check what it sends.
      const liar = bench.script('liar', (stream) => speakFor(stream, [big, next], manners, asked))
      const asked: number[] = []
      for (const blob of [big, next]) bench.state(blob, liar.id)
      bench.start()
      bench.want(big)
      await bench.until(() => bench.faults.some(({ kind }) => kind === 'banned'), 'it is banned')
      const askedBefore = asked.length
      const ben = bench.holder('ben', [big])
      bench.want(big)
      await bench.untilLanded(big)
      assert.ok(ben.sentBytes > 0)
      bench.want(next)
      await bench.world.runFor(LIAR_BAN_MS / 2)
      assert.equal(asked.length, askedBefore)
      assert.equal(bench.statusOf(next)?.state, 'waiting-for-holder')
      await bench.world.runFor(LIAR_BAN_MS / 2 + 60_000)
      assert.ok(asked.length > askedBefore, 'after an hour it is asked again')
    })
  }

  it('is found out by a wrong small blob', async () => {
    await using bench = new BlobBench(21)
    const [small, other] = [bench.blob(5000), bench.blob(70)]
    const asked: number[] = []
    const lie = (known: Known): Uint8Array => (known === small ? flipped(known.bytes, 9) : known.bytes)
    const liar = bench.script('liar', (stream) => speakFor(stream, [small, other], { bytesOf: lie }, asked))
    for (const blob of [small, other]) bench.state(blob, liar.id)
    bench.start()
    for (const blob of [small, other]) bench.want(blob)
    await bench.untilLanded(other)
    await bench.until(() => bench.faults.some(({ kind }) => kind === 'banned'), 'it is banned')
    assert.ok(!bench.isLanded(small))
    bench.holder('ben', [small])
    bench.want(small)
    await bench.untilLanded(small)
  })

  const BREACHES: readonly (readonly [string, (req: number, big: Known) => Uint8Array])[] = [
    ['bytes that are no message', () => Uint8Array.of(1, 2, 3)],
    ['a reply to what was not asked', (req) => refusedFrame(req + 7, 'missing')],
    ['a chunk in place of a list', (req) => chunkFrame(req, 0, 100).frame],
    ['blobs in place of a list', (req) => blobsFrame(req, 0, [new Uint8Array(1)])],
    ['more of a list than was asked', (req) => hashesFrame(req, 0, new Uint8Array(40 * HASH_BYTES))],
    ['a cancelled request that was not', (req) => refusedFrame(req, 'cancelled')],
  ]
  for (const [what, breach] of BREACHES) {
    it(`is banned for ${what}`, async () => {
      await using bench = new BlobBench(22)
      const big = bench.blob(3 * CHUNK_BYTES)
      const liar = bench.script('liar', async (stream) => {
        const frame = await stream.read({ signal })
        if (frame !== undefined) await stream.write(breach(parseRequest(frame).req, big), { signal })
        await stream.read({ signal })
      })
      bench.state(big, liar.id)
      bench.start()
      bench.want(big)
      await bench.until(() => bench.faults.some(({ kind }) => kind === 'banned'), 'it is banned')
      bench.holder('ben', [big])
      bench.want(big)
      await bench.untilLanded(big)
    })
  }

  it('cannot send a chunk twice, or one of another size', async () => {
    for (const lie of ['twice', 'short'] as const) {
      await using bench = new BlobBench(23)
      const big = bench.blob(3 * CHUNK_BYTES)
      const liar = bench.script('liar', (stream) => speakFor(stream, [big], {}, [], lie))
      bench.state(big, liar.id)
      bench.start()
      bench.want(big)
      await bench.until(() => bench.faults.some(({ kind }) => kind === 'banned'), `it is banned: ${lie}`)
      assert.deepEqual(
        bench.faults.map(({ kind }) => kind),
        ['banned'],
      )
    }
  })

  it('lies in its entry: a false size blames nobody, and the true blob still lands', async () => {
    await using bench = new BlobBench(24)
    const small = bench.blob(100)
    const anna = bench.holder('anna', [small])
    bench.start()
    bench.want({ ...small, sizeBytes: 90 })
    await bench.until(() => bench.statusOf(small)?.state === 'false-entry', 'the entry is found to be false')
    assert.deepEqual(bench.faults, [{ kind: 'false-entry', hash: small.hash }])
    bench.want(small)
    await bench.untilLanded(small)
    assert.equal(anna.sentBytes, 200)
  })

  it('lies in its entry: chunks that fit the list and not the whole hash are given up', async () => {
    await using bench = new BlobBench(25)
    const [true_, forged] = [bench.blob(3 * CHUNK_BYTES), bench.blob(3 * CHUNK_BYTES)]
    const claim: Known = { ...forged, hash: true_.hash }
    bench.holder('liar', [claim])
    bench.start()
    bench.want(claim)
    await bench.until(() => bench.statusOf(claim)?.state === 'false-entry', 'the entry is found to be false')
    assert.deepEqual(bench.landed, [])
  })

  it('cannot make home fetch the chunk list of a file without end', async () => {
    await using bench = new BlobBench(26)
    const big = bench.blob(2 * CHUNK_BYTES)
    const anna = bench.holder('anna', [big])
    bench.start()
    bench.want({ ...big, sizeBytes: 2 ** 48 })
    await bench.world.runFor(60_000)
    assert.deepEqual(bench.faults, [{ kind: 'too-large', hash: big.hash }])
    assert.deepEqual(anna.asked, [])
  })
})

describe('a holder that cannot give', () => {
  for (const code of ['changed', 'missing'] as const) {
    it(`answers ${code}: another is asked, and home is told`, async () => {
      await using bench = new BlobBench(30)
      const blobs = [bench.blob(400), bench.blob(4 * CHUNK_BYTES)]
      const anna = bench.holder('anna', blobs, { fault: code })
      bench.start()
      for (const blob of blobs) bench.want(blob)
      await bench.until(() => blobs.every((blob) => bench.statusOf(blob)?.reason === code), 'it waits and says why')
      for (const { hash } of blobs) {
        assert.ok(bench.faults.some((fault) => fault.kind === 'refused' && fault.hash === hash && fault.code === code))
      }
      assert.ok(anna.stale.every((each) => each === code) && anna.stale.length >= 2)
      bench.holder('ben', blobs)
      for (const blob of blobs) bench.want(blob)
      await bench.untilLanded(...blobs)
    })
  }

  it('serves a file that was edited in place as changed, never as wrong bytes', async () => {
    await using bench = new BlobBench(31)
    const blobs = [bench.blob(400), bench.blob(4 * CHUNK_BYTES)]
    const manners: Manners = { bytesOf: ({ bytes }) => flipped(bytes, bytes.length - 1) }
    const anna = bench.holder('anna', blobs, manners)
    bench.start()
    for (const blob of blobs) bench.want(blob)
    await bench.until(() => anna.stale.length >= 2, 'it notices')
    assert.ok(!bench.faults.some(({ kind }) => kind === 'banned'))
    delete manners.bytesOf
    await bench.untilLanded(...blobs)
  })

  it('is asked again less and less often', async () => {
    await using bench = new BlobBench(32)
    const blob = bench.blob(400)
    const anna = bench.holder('anna', [blob], { fault: 'missing' })
    bench.start()
    bench.want(blob)
    await bench.world.runFor(3_600_000)
    assert.ok(anna.asked.length > 20 && anna.asked.length < 150, `${anna.asked.length} requests in an hour`)
  })

  it('says that the blob is not for this device', async () => {
    await using bench = new BlobBench(33)
    const blobs = [bench.blob(400), bench.blob(4 * CHUNK_BYTES)]
    bench.holder('anna', blobs, { mayRead: () => false })
    bench.start()
    for (const blob of blobs) bench.want(blob)
    await bench.until(() => blobs.every((blob) => bench.statusOf(blob)?.reason === 'denied'), 'it says why')
  })

  it('is busy: it is left alone for a while, and then gives', async () => {
    await using bench = new BlobBench(34)
    const big = bench.blob(4 * CHUNK_BYTES)
    let refusals = 0
    const busy = bench.script('busy', async (stream) => {
      for (; refusals < 5; refusals++) {
        const frame = await stream.read({ signal })
        if (frame === undefined) return
        await stream.write(refusedFrame(parseRequest(frame).req, 'busy'), { signal })
      }
      await speakFor(stream, [big], {}, [])
    })
    bench.state(big, busy.id)
    bench.start()
    bench.want(big)
    await bench.untilLanded(big)
    assert.equal(refusals, 5)
    assert.deepEqual(bench.faults, [])
  })

  it('falls silent: after a minute others are asked for the chunk list that it owes', async () => {
    await using bench = new BlobBench(35)
    const big = bench.blob(8 * CHUNK_BYTES)
    const mute = bench.script('mute', async (stream) => {
      while ((await stream.read({ signal })) !== undefined);
    })
    bench.state(big, mute.id)
    bench.start()
    bench.want(big)
    await bench.world.runFor(30_000)
    bench.holder('ben', [big])
    bench.want(big)
    await bench.world.runFor(20_000)
    assert.ok(!bench.isLanded(big))
    await bench.world.runFor(60_000)
    assert.ok(bench.isLanded(big))
  })

  it('falls silent in the middle: who has time is asked at once for what it owes', async () => {
    await using bench = new BlobBench(37)
    const big = bench.blob(8 * CHUNK_BYTES)
    const mute = bench.script('mute', (stream) => speakFor(stream, [big], {}, [], 'mute'))
    bench.state(big, mute.id)
    bench.start()
    bench.want(big)
    await bench.world.runFor(10_000)
    bench.holder('ben', [big])
    bench.want(big)
    await bench.world.runFor(10_000)
    assert.ok(bench.isLanded(big))
  })

  it('owes at most the window, however slowly it gives', async () => {
    await using bench = new BlobBench(36)
    const blobs = [bench.blob(64 * CHUNK_BYTES), ...Array.from({ length: 200 }, () => bench.blob(100_000))]
    const asked: number[] = []
    const mute = bench.script('mute', async (stream) => {
      for (;;) {
        const frame = await stream.read({ signal })
        if (frame === undefined) return
        const request = parseRequest(frame)
        if (request.kind === 'get-many') asked.push(request.hashes.length * 100_000)
      }
    })
    for (const blob of blobs) bench.state(blob, mute.id)
    bench.start()
    for (const blob of blobs) bench.want(blob)
    await bench.world.runFor(50_000)
    const owed = asked.reduce((sum, bytes) => sum + bytes, 0)
    assert.ok(owed > 2 * MIB && owed <= 4 * MIB, `${owed} bytes were asked`)
  })
})

describe('a store that fails', () => {
  it('is full: its folder waits and says so, the other goes on, and it goes on by itself when there is room', async () => {
    await using bench = new BlobBench(40)
    const blobs = [bench.blob(300), bench.blob(4 * CHUNK_BYTES)]
    const other = bench.blob(6 * CHUNK_BYTES)
    bench.holder('anna', [...blobs, other])
    bench.home.disk.faults = ({ name, path }) =>
      name === 'write' && path.startsWith('/photos') ? { kind: 'fail', code: 'ENOSPC' } : undefined
    bench.start()
    for (const blob of blobs) bench.want(blob)
    bench.want(other, OTHER)
    await bench.until(() => bench.isLanded(other, OTHER), 'the other folder is served')
    assert.deepEqual(
      blobs.map((blob) => bench.statusOf(blob)?.state),
      ['no-space', 'no-space'],
    )
    await bench.world.runFor(600_000)
    const tries = bench.faults.filter((fault) => fault.kind === 'store')
    assert.ok(tries.length > 5 && tries.length < 40, `${tries.length} tries in ten minutes`)
    assert.ok(tries.every(({ code, folder }) => code === 'no-space' && folder === FOLDER))
    bench.home.disk.faults = () => undefined
    await bench.untilLanded(...blobs)
  })

  it('fills up in the middle of a large blob, and keeps what it has', async () => {
    await using bench = new BlobBench(41)
    const big = bench.blob(10 * CHUNK_BYTES)
    const anna = bench.holder('anna', [big])
    let writes = 0
    bench.home.disk.faults = ({ name }) =>
      name === 'write' && ++writes === 6 ? { kind: 'fail', code: 'ENOSPC' } : undefined
    bench.start()
    bench.want(big)
    await bench.untilLanded(big)
    assert.ok(bench.faults.some((fault) => fault.kind === 'store' && fault.code === 'no-space'))
    const failed = bench.events.find(({ kind }) => kind === 'file-error')
    assert.equal(failed?.total.bytesDone, 0)
    assert.ok(anna.sentBytes < big.sizeBytes + 6 * MIB, `${anna.sentBytes} bytes were sent`)
  })
})

/** Speaks for a holder without looking at what it sends. */
async function speakFor(
  stream: PeerStream,
  blobs: readonly Known[],
  manners: Manners,
  asked: number[],
  oddity?: 'twice' | 'short' | 'mute',
): Promise<void> {
  for (let frame = await stream.read({ signal }); frame !== undefined; frame = await stream.read({ signal })) {
    const request = parseRequest(frame)
    asked.push(request.req)
    if (request.kind === 'cancel') continue
    const find = (hash: string): Known => blobs.find((known) => known.hash === hash) ?? assert.fail()
    const bytesOf = (known: Known): Uint8Array => manners.bytesOf?.(known) ?? known.bytes
    if (request.kind === 'get-many') {
      const items = request.hashes.map((hash) => bytesOf(find(hash)))
      await stream.write(blobsFrame(request.req, 0, items), { signal })
    } else if (request.kind === 'chunks') {
      const { list } = find(request.hash)
      const hashes = (list && manners.listOf?.(list)) ?? list?.hashes ?? assert.fail()
      await stream.write(hashesFrame(request.req, request.first, hashes.slice()), { signal })
    } else if (request.kind === 'get' && oddity !== 'mute') {
      const bytes = bytesOf(find(request.hash))
      for (let no = request.firstChunk; no < request.firstChunk + request.count; no++) {
        const chunk = bytes.subarray(no * CHUNK_BYTES, (no + 1) * CHUNK_BYTES - (oddity === 'short' ? 1 : 0))
        const { frame: out, body } = chunkFrame(request.req, no, chunk.length)
        body.set(chunk)
        for (let i = 0; i < (oddity === 'twice' ? 2 : 1); i++) await stream.write(out, { signal })
      }
    }
  }
}

/** Streams between members: frames, backpressure, and how streams end. */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { PeerStream } from '../../daemon/ports.ts'
import { parseDeviceId } from '../../protocol/ids.ts'
import { BLOB, META, PAIR } from '../../protocol/protocols.ts'
import type { Bench } from './peer-bench.ts'
import { TURNS_TO_RUN_AHEAD, openWhenOnline, peerError, turn, until, watchPresence } from './peer-network.ts'

const FRAME_BYTES = 256 * 1024
const FLOOD_FRAMES = 256
/** A writer may be this far ahead of a reader that does not read: 32 MiB. */
const AHEAD_FRAMES_MAX = 128

export function describeStreams(bench: () => Bench): void {
  it('carries frames both ways, in order, each as it was written', async () => {
    bench().admitAll()
    const { near, far } = await bench().pair(BLOB)
    const sizes = [1, 0, 70_000, 3, BLOB.frameBytesMax]
    for (const size of sizes) await bench().write(near, new Uint8Array(size).fill(size % 251))
    for (const size of sizes) {
      assert.deepEqual(await bench().read(far), new Uint8Array(size).fill(size % 251))
    }
    await bench().write(far, Uint8Array.of(9))
    assert.deepEqual(await bench().read(near), Uint8Array.of(9))
  })

  it('tells both ends who the other is, as the handshake proved it', async () => {
    bench().admitAll()
    const { near, far } = await bench().pair(META)
    assert.equal(near.remote, bench().b.self)
    assert.equal(far.remote, bench().a.self)
    assert.equal(parseDeviceId(near.remote), near.remote)
  })

  it('carries frames of a deflated protocol, those that deflate and those that do not', async () => {
    bench().admitAll()
    const { near, far } = await bench().pair(META)
    const dull = new Uint8Array(1024 * 1024).fill(7)
    const wild = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 2_654_435_761) >>> 13)
    for (const frame of [dull, wild, new Uint8Array(0)]) await bench().write(near, frame)
    for (const frame of [dull, wild, new Uint8Array(0)]) assert.deepEqual(await bench().read(far), frame)
  })
}

export function describeManyStreams(bench: () => Bench): void {
  it('keeps streams apart', async () => {
    bench().admitAll()
    const streams: PeerStream[] = []
    bench().b.handle(META, async (stream) => {
      for (let frame = await stream.read(bench()); frame !== undefined; frame = await stream.read(bench())) {
        await stream.write(frame, bench())
      }
    })
    for (let i = 0; i < 10; i++) streams.push(await openWhenOnline(bench().network, bench().a, bench().b, META))
    await Promise.all(streams.map((stream, i) => bench().write(stream, Uint8Array.of(i))))
    const answers = await Promise.all(streams.map((stream) => bench().read(stream)))
    assert.deepEqual(
      answers,
      streams.map((_, i) => Uint8Array.of(i)),
    )
  })

  it('refuses a protocol that nobody handles, or no longer', async () => {
    bench().admitAll()
    const handling = bench().b.handle(META, async (stream) => {
      await stream.read(bench())
    })
    const stream = await openWhenOnline(bench().network, bench().a, bench().b, META)
    stream.abort('done')
    await assert.rejects(bench().wait(bench().a.open(bench().b.self, BLOB, bench())), peerError('refused'))
    handling[Symbol.dispose]()
    await assert.rejects(bench().wait(bench().a.open(bench().b.self, META, bench())), peerError('refused'))
  })

  it('refuses a frame over the limit of its protocol, and goes on', async () => {
    bench().admitAll()
    const { near, far } = await bench().pair(PAIR)
    await assert.rejects(
      bench().wait(near.write(new Uint8Array(PAIR.frameBytesMax + 1), bench())),
      peerError('too-large'),
    )
    await bench().write(near, Uint8Array.of(1))
    assert.deepEqual(await bench().read(far), Uint8Array.of(1))
  })
}

export function describePressure(bench: () => Bench): void {
  it('holds a writer back whose reader does not read, and loses nothing', async () => {
    bench().admitAll()
    const { near, far } = await bench().pair(BLOB)
    let accepted = 0
    const flood = async (): Promise<void> => {
      for (let i = 0; i < FLOOD_FRAMES; i++) {
        await near.write(new Uint8Array(FRAME_BYTES).fill(i), bench())
        accepted = i + 1
      }
    }
    const flooding = flood()
    await until(bench().network, () => accepted > 0, 'the first write')
    await standstill(bench(), () => accepted)
    assert.ok(accepted <= AHEAD_FRAMES_MAX, `${accepted} frames of 256 KiB were accepted and none was read`)
    for (let i = 0; i < FLOOD_FRAMES; i++) {
      const frame = await bench().read(far)
      assert.equal(frame?.length, FRAME_BYTES)
      assert.equal(frame[0], i % 256)
      assert.ok(accepted - i <= AHEAD_FRAMES_MAX + 1, `${accepted} frames were accepted when ${i} had been read`)
    }
    await bench().wait(flooding, 'the last write')
  })

  it('gives up a read that is cancelled, and the next read gets the frame', async () => {
    bench().admitAll()
    const { near, far } = await bench().pair(META)
    const cancel = new AbortController()
    const reading = far.read({ signal: cancel.signal })
    cancel.abort(new Error('enough'))
    await assert.rejects(bench().wait(reading), /enough/)
    await bench().write(near, Uint8Array.of(5))
    assert.deepEqual(await bench().read(far), Uint8Array.of(5))
  })
}

export function describeEnds(bench: () => Bench): void {
  it('ends a closed stream after all that was written', async () => {
    bench().admitAll()
    const { near, far } = await bench().pair(BLOB)
    for (let i = 0; i < 3; i++) await bench().write(near, new Uint8Array(100_000).fill(i))
    await bench().wait(near.close())
    await bench().wait(near.close())
    for (let i = 0; i < 3; i++) assert.equal((await bench().read(far))?.[99_999], i)
    assert.equal(await bench().read(far), undefined)
    assert.equal(await bench().read(far), undefined)
  })

  it('closes a stream when its handler is done, and ends it as a fault when the handler fails', async () => {
    bench().admitAll()
    bench().b.handle(META, async (stream) => stream.write(Uint8Array.of(1), bench()))
    bench().b.handle(BLOB, () => Promise.reject(new Error('handler failed')))
    const good = await openWhenOnline(bench().network, bench().a, bench().b, META)
    assert.deepEqual(await bench().read(good), Uint8Array.of(1))
    assert.equal(await bench().read(good), undefined)
    const bad = await bench().wait(bench().a.open(bench().b.self, BLOB, bench()))
    await assert.rejects(bench().read(bad), peerError('gone'))
  })

  it('ends an aborted stream at once on both sides', async () => {
    bench().admitAll()
    const { near, far } = await bench().pair(META)
    near.abort('no more')
    near.abort('no more')
    await assert.rejects(bench().read(near), peerError('gone'))
    await assert.rejects(bench().write(near, Uint8Array.of(1)), peerError('gone'))
    await assert.rejects(bench().read(far), peerError('gone'))
  })
}

export function describeDrops(bench: () => Bench): void {
  it('ends every stream with a device that is dropped', async () => {
    bench().admitAll()
    const { near, far } = await bench().pair(META)
    await bench().wait(bench().a.drop(bench().b.self))
    await assert.rejects(bench().read(near), peerError('gone'))
    await assert.rejects(bench().read(far), peerError('gone'))
  })

  it('connects again with a member that was dropped', async () => {
    bench().admitAll()
    const { near } = await bench().pair(META)
    await bench().wait(bench().a.drop(bench().b.self))
    await assert.rejects(bench().read(near), peerError('gone'))
    bench().a.redial()
    const again = await openWhenOnline(bench().network, bench().a, bench().b, META)
    assert.equal(again.remote, bench().b.self)
  })

  it('cuts a removed member off at once', async () => {
    bench().admitAll()
    const { near, far } = await bench().pair(META)
    const seen = watchPresence(bench().b, bench().signal)
    await until(bench().network, () => seen.get(bench().a.self) === true, 'a to be online')
    bench().b.admit(new Set([bench().b.self]))
    await assert.rejects(bench().read(far), peerError('gone'))
    await assert.rejects(bench().read(near), peerError('gone'))
    await until(bench().network, () => seen.get(bench().a.self) === false, 'a to be offline')
    await assert.rejects(bench().wait(bench().a.open(bench().b.self, META, bench())), peerError('refused', 'offline'))
  })
}

/** Waits until a number has not changed for many turns. */
async function standstill(bench: Bench, value: () => number): Promise<void> {
  for (let last = value(), turns = 0; turns < TURNS_TO_RUN_AHEAD; turns++) {
    await turn(bench.network)
    if (value() !== last) turns = 0
    last = value()
  }
}

/** Who may speak with whom, and who knows of whom: strangers, inviters, presence. */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { parseDeviceId } from '../../protocol/ids.ts'
import { GROUP, META, PAIR } from '../../protocol/protocols.ts'
import type { Bench } from './peer-bench.ts'
import { TURNS_TO_RUN_AHEAD, peerError, turn, until, watchPresence } from './peer-network.ts'

export function describeStrangers(bench: () => Bench): void {
  it('gives a stranger the protocols that are open to strangers, and no others', async () => {
    let metaStreams = 0
    bench().b.handle(META, async () => {
      metaStreams += 1
    })
    const device = await bench().wait(bench().a.dial(bench().network.dialAddress(bench().b), bench()))
    assert.equal(device, bench().b.self)
    const { near, far } = await bench().pair(PAIR)
    await bench().write(near, Uint8Array.of(1))
    assert.deepEqual(await bench().read(far), Uint8Array.of(1))
    await assert.rejects(bench().wait(bench().a.open(device, META, bench())), peerError('refused'))
    assert.equal(metaStreams, 0)
  })

  it('refuses to open a protocol for members towards a stranger', async () => {
    let metaStreams = 0
    bench().b.admit(new Set([bench().a.self, bench().b.self]))
    bench().b.handle(META, async () => {
      metaStreams += 1
    })
    await bench().wait(bench().a.dial(bench().network.dialAddress(bench().b), bench()))
    await assert.rejects(bench().wait(bench().a.open(bench().b.self, META, bench())), peerError('refused'))
    assert.equal(metaStreams, 0)
  })

  it('lets a stranger in as soon as it is admitted on both sides', async () => {
    await bench().wait(bench().a.dial(bench().network.dialAddress(bench().b), bench()))
    bench().admitAll()
    const { near, far } = await bench().pair(META)
    await bench().write(near, Uint8Array.of(4))
    assert.deepEqual(await bench().read(far), Uint8Array.of(4))
  })

  it('keeps a stream that is open to strangers when the members change', async () => {
    await bench().wait(bench().a.dial(bench().network.dialAddress(bench().b), bench()))
    const { near, far } = await bench().pair(PAIR)
    bench().b.admit(new Set([bench().b.self]))
    await bench().write(near, Uint8Array.of(3))
    assert.deepEqual(await bench().read(far), Uint8Array.of(3))
  })
}

export function describeNobody(bench: () => Bench): void {
  it('says offline of a device that it has never heard of, and of an address where nobody is', async () => {
    const nobody = parseDeviceId('12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5')
    await assert.rejects(bench().wait(bench().a.open(nobody, PAIR, bench())), peerError('offline'))
    await assert.rejects(bench().wait(bench().a.dial(bench().network.deadAddress, bench())), peerError('offline'))
  })

  it('knows where a device is reached exactly while it is connected', async () => {
    assert.equal(bench().a.addressOf(bench().b.self), undefined)
    await bench().wait(bench().a.dial(bench().network.dialAddress(bench().b), bench()))
    assert.ok((bench().a.addressOf(bench().b.self) ?? '').length > 0)
  })

  it('knows its own addresses', () => {
    assert.ok(bench().a.addresses().length > 0)
  })

  it('takes one handler a protocol', () => {
    const handler = (): Promise<void> => Promise.resolve()
    const first = bench().a.handle(GROUP, handler)
    assert.throws(() => bench().a.handle(GROUP, handler))
    first[Symbol.dispose]()
    bench().a.handle(GROUP, handler)
  })
}

export function describeInviters(bench: () => Bench): void {
  it('finds a device that announces a nameplate, and a stream to it opens without more', async () => {
    bench().b.announce(7)
    const inviter = await bench().wait(firstInviter(bench(), 7), 'the inviter')
    assert.equal(inviter, bench().b.self)
    const { near, far } = await bench().pair(PAIR)
    await bench().write(near, Uint8Array.of(2))
    assert.deepEqual(await bench().read(far), Uint8Array.of(2))
  })

  it('follows a nameplate that changes', async () => {
    bench().b.announce(7)
    await bench().wait(firstInviter(bench(), 7), 'the first nameplate')
    bench().b.announce(8)
    assert.equal(await bench().wait(firstInviter(bench(), 8), 'the second nameplate'), bench().b.self)
    const gone = new AbortController()
    const stale = firstInviter(bench(), 7, gone.signal)
    for (let i = 0; i < TURNS_TO_RUN_AHEAD; i++) await turn(bench().network)
    gone.abort()
    assert.equal(await bench().wait(stale, 'the search to stop'), undefined)
  })
}

async function firstInviter(bench: Bench, nameplate: number, signal = bench.signal): Promise<string | undefined> {
  try {
    for await (const inviter of bench.a.inviters(nameplate, { signal })) {
      assert.ok(inviter.addresses.length > 0, 'an inviter has an address')
      return inviter.device
    }
  } catch (cause) {
    if (!signal.aborted) throw cause
  }
  return undefined
}

export function describePorts(bench: () => Bench): void {
  it('says whether a port of the other device answers', async () => {
    bench().admitAll()
    await bench().pair(META)
    const { a, b } = bench()
    assert.equal(await bench().wait(a.reaches(b.self, b.port, bench())), true)
    assert.equal(await bench().wait(a.reaches(b.self, 1, bench())), false)
  })
}

export function describePresence(bench: () => Bench): void {
  it('brings all members together, and tells late watchers who is there', async () => {
    bench().admitAll()
    const { network, signal } = bench()
    const views = network.peers.map((peer) => watchPresence(peer, signal))
    const isComplete = (view: Map<string, boolean>): boolean => [...view.values()].filter(Boolean).length === 2
    await until(network, () => views.every(isComplete), 'three devices to be online')
    const late = watchPresence(bench().a, signal)
    await until(network, () => isComplete(late), 'a late watcher to know')
    assert.ok(!late.has(bench().a.self), 'a device is no peer of itself')
  })

  it('says who has gone', async () => {
    bench().admitAll()
    const { network, signal } = bench()
    const third = network.peers[2]
    assert.ok(third)
    const seen = watchPresence(bench().a, signal)
    await until(network, () => seen.get(third.self) === true && seen.get(bench().b.self) === true, 'both to be online')
    await bench().wait(Promise.resolve(third[Symbol.asyncDispose]()), 'the third to leave')
    await until(network, () => seen.get(third.self) === false, 'the third to be offline')
    assert.equal(seen.get(bench().b.self), true)
  })

  it('counts only members', async () => {
    const { network, signal, a, b } = bench()
    const seen = watchPresence(a, signal)
    const third = network.peers[2]
    assert.ok(third)
    await bench().wait(a.dial(network.dialAddress(third), bench()))
    a.admit(new Set([a.self, b.self]))
    b.admit(new Set([a.self, b.self]))
    await until(network, () => seen.get(b.self) === true, 'b to be online')
    assert.notEqual(seen.get(third.self), true)
  })
}

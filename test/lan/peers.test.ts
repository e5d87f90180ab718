/** Devices find each other on real links: several interfaces, none but loopback, and networks that come and go. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import type { DeviceId } from '../../protocol/ids.ts'
import type { Host, Lan } from './namespaces.ts'
import { lanSkipReason, makeLan, makeLoneHost } from './namespaces.ts'
import { LanPeer } from './lan-peer.ts'

/** How soon devices have to be connected again once the network is back. */
const RETURN_MS_MAX = 3_000
/** How soon after a change of address: it has to be noticed, and the old connection given up. */
const MOVE_MS_MAX = 8_000

const skip = lanSkipReason()

describe('devices on a LAN', { concurrency: 2 }, () => {
  it('meet although their default routes lie elsewhere, and send nothing there', { skip }, async () => {
    using lan = makeLan(2, 'elsewhere')
    await meet(lan, lan.hosts)
  })

  it('meet on one machine that has only its loopback interface', { skip }, async () => {
    using lan = makeLoneHost()
    await meet(lan, [...lan.hosts, ...lan.hosts])
  })

  it('meet on one machine that has a network, too', { skip }, async () => {
    using lan = makeLan(1, 'none')
    await meet(lan, [...lan.hosts, ...lan.hosts])
  })

  it(
    'find who shows a code, meet without a default route, and outlive a link that goes and an address that changes',
    {
      skip,
    },
    async () => {
      using lan = makeLan(2, 'none')
      await using pair = startPair(hostOf(lan, 0), hostOf(lan, 1))
      await findInviter(pair)
      await admitEachOther(pair)
      await echo(pair.a, await pair.there)
      assert.equal(lan.packetsToOutside(), 0)
      await loseLink(lan, pair)
      await changeAddress(lan, pair)
    },
  )
})

describe('the LAN of these tests', () => {
  it('counts packets that leave it', { skip }, () => {
    for (const route of ['none', 'elsewhere'] as const) {
      using lan = makeLan(1, route)
      send(hostOf(lan, 0), '10.77.0.200')
      send(hostOf(lan, 0), '224.0.0.251')
      assert.equal(lan.packetsToOutside(), 0)
      send(hostOf(lan, 0), '198.51.100.7')
      assert.equal(lan.packetsToOutside(), 1)
    }
  })
})

interface Pair extends AsyncDisposable {
  readonly a: LanPeer
  readonly b: LanPeer
  readonly here: Promise<DeviceId>
  readonly there: Promise<DeviceId>
}

function startPair(first: Host, second: Host): Pair {
  const [a, b] = [new LanPeer(first, 1), new LanPeer(second, 2)]
  const end = async (): Promise<void> => {
    await Promise.all([a[Symbol.asyncDispose](), b[Symbol.asyncDispose]()])
  }
  return { a, b, here: a.self(), there: b.self(), [Symbol.asyncDispose]: end }
}

async function admitEachOther({ a, b, here, there }: Pair): Promise<void> {
  const members = await Promise.all([here, there])
  for (const peer of [a, b]) peer.do(['admit', members])
  await Promise.all([a.hearPresence(members[1], true), b.hearPresence(members[0], true)])
}

async function meet(lan: Lan, [first, second]: readonly Host[]): Promise<void> {
  assert.ok(first && second)
  await using pair = startPair(first, second)
  await admitEachOther(pair)
  await echo(pair.a, await pair.there)
  await echo(pair.b, await pair.here)
  assert.equal(lan.packetsToOutside(), 0)
}

async function findInviter({ a, b, here, there }: Pair): Promise<void> {
  const [, device] = await Promise.all([here, there])
  a.do(['find', 42])
  b.do(['announce', 42])
  assert.equal(await a.hear('the inviter', (told) => told.inviter), device)
}

async function loseLink(lan: Lan, { a, there }: Pair): Promise<void> {
  hostOf(lan, 1).setCable(false)
  await a.hearPresence(await there, false)
  hostOf(lan, 1).setCable(true)
  await assertBackSoon(a, await there)
}

/** The new connection may be there before the old one is known to be dead: only a stream tells. */
async function changeAddress(lan: Lan, { a, there }: Pair): Promise<void> {
  hostOf(lan, 1).setAddress('10.77.0.77')
  const startMs = performance.now()
  await echo(a, await there)
  const tookMs = performance.now() - startMs
  assert.ok(tookMs < MOVE_MS_MAX, `it took ${Math.round(tookMs)} ms`)
}

async function assertBackSoon(peer: LanPeer, device: DeviceId): Promise<void> {
  const startMs = performance.now()
  await peer.hearPresence(device, true)
  const tookMs = performance.now() - startMs
  assert.ok(tookMs < RETURN_MS_MAX, `it took ${Math.round(tookMs)} ms`)
  await echo(peer, device)
}

function send(host: Host, address: string): void {
  const code = `const s = require('dgram').createSocket('udp4')
    s.bind(0, () => { s.setMulticastInterface('10.77.0.1'); s.send('x', 9, '${address}', () => s.close()) })`
  const [program, ...args] = host.prefix
  execFileSync(program, [...args, process.execPath, '-e', code])
}

function hostOf(lan: Lan, index: number): Host {
  const host = lan.hosts[index]
  assert.ok(host)
  return host
}

async function echo(peer: LanPeer, device: DeviceId): Promise<void> {
  peer.do(['echo', device])
  assert.equal(await peer.hear('an echo', (told) => told.echoed), true)
}

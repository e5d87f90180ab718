/** Which connections are kept and which are ended, decided without any network. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LinkConnection } from '../../daemon/peers/links.ts'
import { Links } from '../../daemon/peers/links.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { deviceIdOf } from '../../protocol/ids.ts'

class FakeConnection implements LinkConnection {
  status = 'open'
  streams: readonly unknown[] = []
  receivedBytes = 0
  readonly direction: 'inbound' | 'outbound'

  constructor(direction: 'inbound' | 'outbound') {
    this.direction = direction
  }

  abort(): void {
    this.status = 'aborted'
  }
}

const timing = { silenceMs: 15_000, doubtMs: 3_000, spareMs: 2_000, strangerMs: 60_000 }
const [low, high] = [deviceIdOf(new Uint8Array(32)), deviceIdOf(new Uint8Array(32).fill(255))]
const stranger = deviceIdOf(new Uint8Array(32).fill(9))

function linksOf(self: DeviceId): Links<FakeConnection> {
  const isMember = (device: DeviceId): boolean => device !== stranger
  return new Links({
    self,
    timing,
    isMember,
    receivedBytes: (connection) => connection.receivedBytes,
    ping: () => undefined,
  })
}

/** Lets so many seconds pass, in which these connections live. */
function live(links: Links<FakeConnection>, fromS: number, toS: number, ...alive: readonly FakeConnection[]): void {
  for (let second = fromS; second <= toS; second++) {
    for (const connection of alive) connection.receivedBytes += 12
    links.check(second * 1_000)
  }
}

describe('two connections with one device', () => {
  const both = (self: DeviceId, remote: DeviceId) => {
    const links = linksOf(self)
    const [dialled, accepted] = [new FakeConnection('outbound'), new FakeConnection('inbound')]
    links.add(dialled, remote, 0)
    links.add(accepted, remote, 10)
    return { links, dialled, accepted }
  }

  it('become one, which the device with the lower id has dialled', () => {
    const { links, dialled, accepted } = both(low, high)
    live(links, 0, 4, dialled, accepted)
    assert.deepEqual([dialled.status, accepted.status], ['open', 'aborted'])
  })

  it('are left alone by the device with the higher id, so that never both are ended', () => {
    const { links, dialled, accepted } = both(high, low)
    live(links, 0, 10, dialled, accepted)
    assert.deepEqual([dialled.status, accepted.status], ['open', 'open'])
  })

  it('stay while both are used, and the used one stays when one is', () => {
    const { links, dialled, accepted } = both(low, high)
    dialled.streams = accepted.streams = ['stream']
    live(links, 0, 4, dialled, accepted)
    assert.deepEqual([dialled.status, accepted.status], ['open', 'open'])
    dialled.streams = []
    live(links, 5, 9, dialled, accepted)
    assert.deepEqual([dialled.status, accepted.status], ['aborted', 'open'])
  })

  it('leave the newer one when the older is silent', () => {
    const { links, dialled, accepted } = both(low, high)
    dialled.streams = ['stream']
    live(links, 0, 4, accepted)
    assert.deepEqual([dialled.status, accepted.status], ['aborted', 'open'])
    assert.equal(links.best(high), accepted)
  })
})

describe('a silent connection', () => {
  const one = (device: DeviceId) => {
    const [links, connection] = [linksOf(low), new FakeConnection('outbound')]
    links.add(connection, device, 0)
    return { links, connection }
  }

  it('is dead after a while, and soon once the network has changed', () => {
    const { links, connection } = one(high)
    live(links, 0, 10, connection)
    live(links, 11, 25)
    assert.equal(connection.status, 'open')
    live(links, 26, 26)
    assert.equal(connection.status, 'aborted')
    const doubted = one(high)
    live(doubted.links, 0, 1)
    doubted.links.doubtAll(1_000)
    live(doubted.links, 2, 4)
    assert.equal(doubted.connection.status, 'open')
    live(doubted.links, 5, 5)
    assert.equal(doubted.connection.status, 'aborted')
  })

  it('lives on when it shows life in time', () => {
    const { links, connection } = one(high)
    live(links, 0, 1)
    links.doubtAll(1_000)
    live(links, 2, 3, connection)
    live(links, 4, 12)
    assert.equal(connection.status, 'open')
  })

  it('is not blamed when this process stood still itself', () => {
    const { links, connection } = one(high)
    live(links, 0, 1, connection)
    links.check(60_000)
    assert.equal(connection.status, 'open')
  })

  it("is ended after a minute when it is a stranger's and nothing is asked", () => {
    const { links, connection } = one(stranger)
    live(links, 0, 60, connection)
    assert.equal(connection.status, 'open')
    live(links, 61, 61, connection)
    assert.equal(connection.status, 'aborted')
    const member = one(high)
    live(member.links, 0, 100, member.connection)
    assert.equal(member.connection.status, 'open')
  })
})

describe('room for connections', () => {
  it('is 8 for a device, 16 for strangers together, 64 in all', () => {
    const links = linksOf(low)
    const fill = (device: DeviceId): number => {
      let count = 0
      for (; links.hasRoomFor(device); count++) links.add(new FakeConnection('inbound'), device, 0)
      return count
    }
    assert.equal(fill(high), 8)
    assert.equal(fill(stranger), 8)
    const members = Array.from({ length: 20 }, (_, i) => deviceIdOf(new Uint8Array(32).fill(i + 20)))
    assert.equal(
      members.reduce((sum, device) => sum + fill(device), 16),
      64,
    )
    const crowd = new Links({ self: low, timing, isMember: () => false, receivedBytes: () => 0, ping: () => undefined })
    for (const device of members) if (crowd.hasRoomFor(device)) crowd.add(new FakeConnection('inbound'), device, 0)
    assert.equal(members.filter((device) => crowd.isConnected(device)).length, 16)
  })
})

describe('a link on which nothing is said', () => {
  const pinged = (): { links: Links<FakeConnection>; pings: FakeConnection[] } => {
    const pings: FakeConnection[] = []
    const isMember = (): boolean => true
    const receivedBytes = (connection: FakeConnection): number => connection.receivedBytes
    const answer = (connection: FakeConnection): void => {
      pings.push(connection)
      connection.receivedBytes += 12
    }
    return { links: new Links({ self: low, timing, isMember, receivedBytes, ping: answer }), pings }
  }

  it('is pinged now and then, and lives', () => {
    const { links, pings } = pinged()
    const quiet = new FakeConnection('inbound')
    links.add(quiet, high, 0)
    for (let second = 0; second <= 3_600; second += 2) links.check(second * 1_000)
    assert.equal(quiet.status, 'open')
    assert.ok(pings.length >= 3_600 / 15 && pings.length <= 3_600 / 5, `${pings.length} pings in an hour`)
  })

  it('is pinged at once when it is in doubt', () => {
    const { links, pings } = pinged()
    const doubted = new FakeConnection('inbound')
    links.add(doubted, high, 0)
    links.doubtAll(500)
    links.doubt(high, 600)
    assert.deepEqual(pings, [doubted])
  })

  it('is not pinged while something comes', () => {
    const { links, pings } = pinged()
    const busy = new FakeConnection('inbound')
    links.add(busy, high, 0)
    live(links, 1, 600, busy)
    assert.deepEqual(pings, [])
  })
})

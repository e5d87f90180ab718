/** What other machines of the link say is only a hint, and bounded: announcements, addresses, sightings, dials. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import dnsPacket from 'dns-packet'
import fc from 'fast-check'
import { AddressBook } from '../../daemon/peers/address-book.ts'
import { parseStoredAddress, parseTypedAddress } from '../../daemon/peers/address.ts'
import { SERVICE, encodeAnnouncement, isQuery, parseAnnouncements } from '../../daemon/peers/announcement.ts'
import { DialBudget } from '../../daemon/peers/dial-budget.ts'
import { localNetworks } from '../../daemon/peers/local-networks.ts'
import { Sightings } from '../../daemon/peers/sightings.ts'
import { LISTEN_PORT_DEFAULT } from '../../protocol/api/constants.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { deviceIdOf } from '../../protocol/ids.ts'
import { peerError } from '../conformance/peer-network.ts'

const newDevice = (): DeviceId => deviceIdOf(randomBytes(32))
const device = newDevice()

describe('announcements', () => {
  it('come back as they were, over the wire', () => {
    const nameplates = fc.option(fc.integer({ min: 1, max: 99 }))
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 65_535 }), nameplates, (port, nameplate) => {
        const own = { device, port, nameplate }
        const wire = dnsPacket.encode({ type: 'response', answers: encodeAnnouncement(own) })
        assert.deepEqual(parseAnnouncements(dnsPacket.decode(wire)), [own])
      }),
    )
  })

  it('hold neither the name of the machine nor that of a person', () => {
    const wire = dnsPacket.encode({ type: 'response', answers: encodeAnnouncement({ device, port: 1, nameplate: 7 }) })
    const { answers, additionals } = dnsPacket.decode(wire)
    const texts = (answers ?? []).map((answer) => [
      answer.name,
      'data' in answer ? [answer.data].flat().map(String) : [],
    ])
    assert.deepEqual(texts, [
      ['_holt._udp.local', [`${device}._holt._udp.local`]],
      [`${device}._holt._udp.local`, ['port=1', 'plate=7']],
    ])
    assert.deepEqual(additionals, [])
  })

  it('that are malformed are passed over, whatever the bytes', () => {
    const text = fc.oneof(fc.string(), fc.constantFrom('port=0', 'port=70000', 'port=1', 'plate=100', 'plate=', 'port'))
    const name = fc.oneof(fc.constant(`${device}.${SERVICE}`), fc.constant(`me.${SERVICE}`), fc.constant(SERVICE))
    fc.assert(
      fc.property(name, fc.array(text, { maxLength: 3 }), (owner, data) => {
        const found = parseAnnouncements({ answers: [{ type: 'TXT', name: owner, data }] })
        for (const { port, nameplate } of found) {
          assert.ok(port >= 1 && port <= 65_535)
          assert.ok(nameplate === null || (nameplate >= 1 && nameplate <= 99))
        }
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const packet = decoded(bytes)
        if (packet === undefined) return
        assert.deepEqual(parseAnnouncements(packet), [])
        isQuery(packet)
      }),
    )
  })
})

describe('typed addresses', () => {
  it('take a host, a host and a port, IPv6, and multiaddrs', () => {
    assert.equal(parseTypedAddress('192.168.1.7'), `/ip4/192.168.1.7/tcp/${LISTEN_PORT_DEFAULT}/tls`)
    assert.equal(parseTypedAddress('192.168.1.7:99'), '/ip4/192.168.1.7/tcp/99/tls')
    assert.equal(parseTypedAddress('laptop.lan:4000'), '/dns/laptop.lan/tcp/4000/tls')
    assert.equal(parseTypedAddress('fd00::7'), `/ip6/fd00::7/tcp/${LISTEN_PORT_DEFAULT}/tls`)
    assert.equal(parseTypedAddress('[fd00::7]:99'), '/ip6/fd00::7/tcp/99/tls')
    assert.equal(parseTypedAddress('/ip4/10.0.0.1/tcp/5'), '/ip4/10.0.0.1/tcp/5')
  })

  it('are refused when they are none', () => {
    for (const text of [
      '',
      'a b',
      'host:0',
      'host:70000',
      'host:x',
      '/ip4/1.2.3.4/udp/5',
      '/nonsense',
      '[::1',
      'a/b:1',
    ]) {
      assert.throws(() => parseTypedAddress(text), peerError('bad-address'), text)
      assert.equal(parseStoredAddress(text), undefined)
    }
  })
})

describe('AddressBook', () => {
  it('puts the newest first, and lets it take the place of an older one of the same network', () => {
    const book = new AddressBook(new Map([[device, ['/ip4/10.0.0.1/tcp/1/tls']]]))
    assert.equal(book.add(device, '/ip4/10.0.0.2/tcp/1/tls', 'eth0', 0), true)
    assert.equal(book.add(device, '/ip4/192.168.0.2/tcp/1/tls', 'wlan0', 0), true)
    assert.equal(book.add(device, '/ip4/192.168.0.2/tcp/1/tls', 'wlan0', 1), false)
    assert.equal(book.add(device, '/ip4/10.0.0.3/tcp/1/tls', 'eth0', 20_000), true)
    assert.deepEqual(book.of(device), [
      '/ip4/10.0.0.3/tcp/1/tls',
      '/ip4/192.168.0.2/tcp/1/tls',
      '/ip4/10.0.0.1/tcp/1/tls',
    ])
  })

  it('keeps both addresses of a device that is in one network twice', () => {
    const book = new AddressBook(new Map())
    for (let turn = 0; turn < 10; turn++) {
      book.add(device, '/ip4/10.0.0.2/tcp/1/tls', 'eth0', turn * 1_000)
      book.add(device, '/ip4/10.0.0.3/tcp/1/tls', 'eth0', turn * 1_000)
    }
    assert.equal(book.of(device).length, 2)
  })

  it('stays small, and never forgets a member for a stranger', () => {
    const book = new AddressBook(new Map())
    for (let i = 0; i < 50; i++) book.add(device, `/ip4/10.0.0.${i}/tcp/1/tls`, null, i)
    assert.equal(book.of(device).length, 8)
    const strangers = Array.from({ length: 100 }, newDevice)
    for (const stranger of strangers) {
      book.add(stranger, '/ip4/10.0.0.1/tcp/1/tls', null, 0)
      book.trim(new Set([device]))
    }
    assert.equal(book.of(device).length, 8)
    assert.equal(strangers.filter((stranger) => book.of(stranger).length > 0).length, 64)
  })
})

describe('Sightings', () => {
  const sighting = (of: DeviceId, address: string) => ({ device: of, port: 1, nameplate: 1, address, network: 'eth0' })

  it('are at most 64, of which one address gives 8', () => {
    const sightings = new Sightings()
    for (let i = 0; i < 20; i++) sightings.add(sighting(newDevice(), '10.0.0.1'), 0)
    assert.equal(sightings.hasRoomFor(sighting(newDevice(), '10.0.0.1'), 0), false)
    assert.equal(sightings.hasRoomFor(sighting(newDevice(), '10.0.0.2'), 0), true)
    for (let i = 0; i < 200; i++) sightings.add(sighting(newDevice(), `10.0.1.${i}`), 0)
    assert.equal(sightings.hasRoomFor(sighting(newDevice(), '10.0.0.2'), 0), false)
    assert.equal(sightings.hasRoomFor(sighting(newDevice(), '10.0.0.2'), 121_000), true)
  })
})

describe('DialBudget', () => {
  it('is ten dials a minute', () => {
    const budget = new DialBudget()
    const taken = Array.from({ length: 20 }, (_, i) => budget.take(i * 1_000))
    assert.equal(taken.filter(Boolean).length, 10)
    assert.equal(budget.take(60_000), true)
    assert.equal(budget.take(60_001), false)
  })
})

describe('localNetworks', () => {
  it('tell neighbours from others', () => {
    const loopback = localNetworks().find((network) => network.isLoopback)
    assert.equal(loopback?.has('127.0.0.9'), true)
    assert.equal(loopback.has('10.0.0.1'), false)
    assert.deepEqual(localNetworks(new Set(['no such interface'])), [])
  })
})

function decoded(bytes: Uint8Array): dnsPacket.DecodedPacket | undefined {
  try {
    return dnsPacket.decode(Buffer.from(bytes))
  } catch {
    return undefined
  }
}

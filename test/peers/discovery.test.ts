/** What discovery puts on the link, as another program there hears it. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import makeMulticastDns from 'multicast-dns'
import { isQuery, parseAnnouncements } from '../../daemon/peers/announcement.ts'
import { discoveryPort, openLocal } from './real-network.ts'

/** Without a reason, discovery speaks three times in its first three seconds and then twice a minute. */
const CHANGES = 6
const SOON_MS = 2_500

describe('discovery', () => {
  it('announces a nameplate at once, and asks at once when the network may have changed', async () => {
    const udpPort = discoveryPort()
    const heard: (number | 'query' | null)[] = []
    const listener = makeMulticastDns({ interface: '127.0.0.1', bind: '0.0.0.0', port: udpPort })
    listener.on('query', (packet) => {
      if (isQuery(packet)) heard.push('query')
    })
    listener.on('response', (packet) => heard.push(...parseAnnouncements(packet).map(({ nameplate }) => nameplate)))
    await new Promise<undefined>((resolve) => listener.once('ready', () => resolve(undefined)))
    await using transport = await openLocal({ discovery: { interfaces: new Set(['lo']), udpPort } })
    const startMs = performance.now()
    const hear = async (what: number | 'query' | null): Promise<void> => {
      while (heard.shift() !== what) {
        assert.ok(performance.now() - startMs < SOON_MS, `waited ${SOON_MS} ms for ${String(what)}`)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    }
    await hear(null)
    for (let nameplate = 1; nameplate <= CHANGES; nameplate++) {
      transport.announce(nameplate)
      await hear(nameplate)
    }
    for (let i = 0; i < CHANGES; i++) {
      transport.redial()
      await hear('query')
    }
    listener.destroy()
  })
})

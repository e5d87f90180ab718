/** What a person reads of a device with which no session lasts. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PeerError } from '../../daemon/peers/peer-error.ts'
import { Troubles } from '../../daemon/service/troubles.ts'
import { deviceIdOf } from '../../protocol/ids.ts'

const BEN = deviceIdOf(new Uint8Array(32).fill(2))
const NEWER = /newer Holt.*: update Holt on this device$/

describe('a device that speaks only what a newer Holt understands', () => {
  it('is named with what to update, by its sessions and by its group log, until it is understood again', () => {
    const told: string[] = []
    const troubles = new Troubles((_, sentence) => told.push(sentence))
    troubles.sessionFailed(BEN, new PeerError('newer', 'later'))
    assert.match(troubles.of(BEN, { hasSession: false }) ?? '', NEWER)
    assert.deepEqual(troubles.newer(), [BEN])
    troubles.sessionLasts(BEN)
    assert.deepEqual([troubles.newer(), troubles.of(BEN, { hasSession: false })], [[], null])

    troubles.exchanged(BEN, { kind: 'update-needed' })
    assert.match(troubles.of(BEN, { hasSession: false }) ?? '', NEWER)
    assert.deepEqual(troubles.newer(), [BEN])
    troubles.exchanged(BEN, { kind: 'in-step', received: 0, sent: 0 })
    assert.deepEqual([troubles.newer(), troubles.of(BEN, { hasSession: false })], [[], null])
    assert.equal(told.length, 2)
  })
})

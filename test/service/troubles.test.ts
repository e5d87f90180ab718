/** Why no session stays open with a device, in sentences. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ProtocolError } from '../../protocol/errors.ts'
import { deviceIdOf } from '../../protocol/ids.ts'
import { PeerError } from '../../daemon/peers/peer-error.ts'
import { Troubles } from '../../daemon/service/troubles.ts'

const BEN = deviceIdOf(new Uint8Array(32).fill(2))
const NONE = { hasSession: false }
const NEWER = /newer Holt.*: update Holt on this device$/

describe('the trouble with a device', () => {
  it('is told at once where it says what only a newer Holt knows', () => {
    const told: string[] = []
    const troubles = new Troubles((_, sentence) => told.push(sentence))
    troubles.sessionFailed(BEN, new ProtocolError('unknown-version', 'a kind'))
    assert.match(troubles.of(BEN, NONE) ?? '', /update Holt on this device/)
    troubles.sessionFailed(BEN, new ProtocolError('unknown-version', 'a kind'))
    assert.equal(told.length, 1)
    assert.equal(troubles.of(BEN, { hasSession: true }), null)
  })

  it('is told of lost sessions only when several in a row end at once', () => {
    const troubles = new Troubles(() => undefined)
    troubles.sessionFailed(BEN, new Error('gone'))
    troubles.sessionFailed(BEN, new Error('gone'))
    assert.equal(troubles.of(BEN, NONE), null)
    troubles.sessionFailed(BEN, new Error('gone'))
    assert.match(troubles.of(BEN, NONE) ?? '', /ends each session at once/)
    troubles.sessionLasts(BEN)
    assert.equal(troubles.of(BEN, NONE), null)
  })

  it('with the group log is told although a session is open, until the logs are in step', () => {
    const troubles = new Troubles(() => undefined)
    troubles.exchanged(BEN, { kind: 'removed' })
    troubles.exchanged(BEN, { kind: 'offline' })
    assert.match(troubles.of(BEN, { hasSession: true }) ?? '', /was removed from the group/)
    troubles.exchanged(BEN, { kind: 'in-step', received: 0, sent: 0, isRolledBack: false })
    assert.equal(troubles.of(BEN, { hasSession: true }), null)
  })
})

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
    troubles.exchanged(BEN, { kind: 'in-step', received: 0, sent: 0, isRolledBack: false })
    assert.deepEqual([troubles.newer(), troubles.of(BEN, { hasSession: false })], [[], null])
    assert.equal(told.length, 2)
  })
})

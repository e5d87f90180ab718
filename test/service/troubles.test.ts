/** Why no session stays open with a device, in sentences. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ProtocolError } from '../../protocol/errors.ts'
import { deviceIdOf } from '../../protocol/ids.ts'
import { Troubles } from '../../daemon/service/troubles.ts'

const BEN = deviceIdOf(new Uint8Array(32).fill(2))
const NONE = { hasSession: false }

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

/** The ring of the newest events. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { NewEvent } from '../../protocol/api/events.ts'
import { zEvent } from '../../protocol/api/events.ts'
import { parseFolderId } from '../../protocol/ids.ts'
import type { EventLog } from '../../daemon/http/event-log.ts'
import { createEventLog } from '../../daemon/http/event-log.ts'
import { take } from './running-api.ts'

const CLOCK = { wallMs: () => 1_790_000_000_000 }
const NEVER = new AbortController().signal

const offered = (no: number): NewEvent => ({
  kind: 'folder.offered',
  folder: parseFolderId(no.toString(16).padStart(32, '0')),
  name: `F${no}`,
  by: null,
})

/** A log that keeps 4, to which `count` events were published. */
function buildLog(count: number): EventLog {
  const log = createEventLog({ clock: CLOCK, keptMax: 4 })
  for (let no = 1; no <= count; no++) log.publish(offered(no))
  return log
}

const namesOf = (events: readonly { readonly kind: string }[]): string[] =>
  events.map((event) => ('name' in event ? String(event.name) : event.kind))

describe('the event log', () => {
  it('gives events ids and times of which the schema approves', () => {
    const [event] = buildLog(1).since(undefined, 10).events
    assert.deepEqual(zEvent.parse(event), event)
    assert.equal(event?.atMs, CLOCK.wallMs())
  })
  it('pages through what it keeps', () => {
    const log = buildLog(4)
    const first = log.since(undefined, 3)
    assert.deepEqual(namesOf(first.events), ['F1', 'F2', 'F3'])
    const second = log.since(first.next, 3)
    assert.deepEqual(namesOf(second.events), ['F4'])
    assert.deepEqual(log.since(second.next, 3), { events: [], next: second.next, hasLost: false })
  })
  it('has an id before the first event, after which the first comes', () => {
    const log = buildLog(0)
    const before = log.lastId()
    log.publish(offered(1))
    assert.deepEqual(namesOf(log.since(before, 9).events), ['F1'])
  })
  it('keeps the newest only, and says when some were lost', () => {
    const log = buildLog(2)
    const second = log.lastId()
    for (const no of [3, 4, 5, 6]) log.publish(offered(no))
    assert.deepEqual(namesOf(log.since(second, 9).events), ['F3', 'F4', 'F5', 'F6'])
    assert.equal(log.since(second, 9).hasLost, false)
    log.publish(offered(7))
    const page = log.since(second, 9)
    assert.deepEqual(namesOf(page.events), ['F4', 'F5', 'F6', 'F7'])
    assert.equal(page.hasLost, true)
  })
  it('takes an id of an earlier run, of the future, or none at all for lost', () => {
    const log = buildLog(2)
    for (const id of [
      'abc-1',
      'nonsense',
      '',
      log.lastId().replace(/\d+$/, '99'),
      log.lastId().replace(/\d+$/, '1.5'),
    ]) {
      assert.equal(log.since(id, 9).hasLost, true, id)
      assert.deepEqual(namesOf(log.since(id, 9).events), ['F1', 'F2'])
    }
  })
  it('follows from an id, then gives each new one', async () => {
    const log = buildLog(2)
    const [first] = log.since(undefined, 1).events
    const following = take(log.follow(first?.id, { signal: NEVER }), 3)
    log.publish(offered(3))
    log.publish(offered(4))
    assert.deepEqual(namesOf(await following), ['F2', 'F3', 'F4'])
  })
  it('tells every follower', async () => {
    const log = buildLog(0)
    const both = [1, 2].map(() => take(log.follow(log.lastId(), { signal: NEVER }), 1))
    log.publish(offered(1))
    for (const events of await Promise.all(both)) assert.deepEqual(namesOf(events), ['F1'])
  })
  it('begins with the loss where some are no longer kept, under an id that resumes after it', async () => {
    const log = buildLog(6)
    const [lost, next] = await take(log.follow('abc-1', { signal: NEVER }), 2)
    assert.deepEqual(namesOf([lost, next].filter((event) => event !== undefined)), ['events.lost', 'F3'])
    assert.deepEqual(namesOf(log.since(lost?.id, 9).events), ['F3', 'F4', 'F5', 'F6'])
    assert.equal(log.since(lost?.id, 9).hasLost, false)
  })
  it('drops a follower that falls behind what is kept', async () => {
    const log = buildLog(1)
    const following = log.follow(undefined, { signal: NEVER })[Symbol.asyncIterator]()
    const waiting = following.next()
    log.publish(offered(2))
    await waiting
    for (const no of [3, 4, 5, 6, 7]) log.publish(offered(no))
    await assert.rejects(following.next(), { code: 'too-slow' })
  })
  it('lets a follower go when its signal aborts, also while it waits', async () => {
    const gone = new AbortController()
    const following = take(buildLog(0).follow(undefined, { signal: gone.signal }), 1)
    gone.abort()
    assert.deepEqual(await following, [])
  })
})

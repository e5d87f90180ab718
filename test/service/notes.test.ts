/** What is remembered of devices and folders for people, over a restart. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deviceIdOf, parseFolderId } from '../../protocol/ids.ts'
import type { Clock, StateFiles } from '../../daemon/ports.ts'
import { openNotes } from '../../daemon/service/notes.ts'
import type { Notes } from '../../daemon/service/notes.ts'

const BEN = deviceIdOf(new Uint8Array(32).fill(2))
const PHOTOS = parseFolderId('ab'.repeat(16))

class Desk {
  nowMs = 1000
  writes = 0
  readonly files = new Map<string, Uint8Array>()
  readonly clock: Clock = {
    wallMs: () => this.nowMs,
    monotonicMs: () => this.nowMs,
    sleep: () => Promise.resolve(),
  }
  readonly state: StateFiles = {
    read: async (name) => this.files.get(name),
    write: async (name, bytes) => {
      this.writes += 1
      this.files.set(name, bytes)
    },
    remove: async (name) => void this.files.delete(name),
    list: async () => [...this.files.keys()],
  }

  open(): Promise<Notes> {
    return openNotes({ state: this.state, clock: this.clock, log: { event: () => undefined } })
  }

  async restart(notes: Notes): Promise<Notes> {
    await notes[Symbol.asyncDispose]()
    return this.open()
  }
}

describe('notes', () => {
  it('keep over a restart when a device was last here, and on which platform', async () => {
    const desk = new Desk()
    const notes = await desk.open()
    assert.equal(notes.lastSeenMs(BEN), null)
    notes.sawDevice(BEN)
    assert.equal(notes.platform(BEN), null)
    notes.saidRelease(BEN, '0.1.0 darwin')
    const again = await desk.restart(notes)
    desk.nowMs = 9000
    assert.equal(again.lastSeenMs(BEN), 1000)
    assert.equal(again.platform(BEN), 'darwin')
  })

  it('keep what a newer Holt wrote beside, when they are written again', async () => {
    const desk = new Desk()
    const later = {
      isClean: true,
      devices: [[BEN, { lastSeenMs: 5, release: null, mood: 'good' }]],
      folders: [],
      tags: [1],
    }
    desk.files.set('notes', new TextEncoder().encode(JSON.stringify(later)))
    const notes = await desk.restart(await desk.open())
    notes.sawDevice(BEN)
    await notes[Symbol.asyncDispose]()
    const now = JSON.parse(new TextDecoder().decode(desk.files.get('notes'))) as typeof later
    assert.deepEqual([now.tags, now.devices[0]?.[1]], [[1], { mood: 'good', lastSeenMs: 1000, release: null }])
  })

  it('keep over a restart since when a folder has halted, until it goes on or halts for another reason', async () => {
    const desk = new Desk()
    const notes = await desk.open()
    notes.halted(PHOTOS, 'root-missing')
    desk.nowMs = 5000
    const again = await desk.restart(notes)
    again.halted(PHOTOS, 'root-missing')
    assert.equal(again.haltedSinceMs(PHOTOS, 'root-missing'), 1000)
    again.halted(PHOTOS, 'mass-delete')
    assert.equal(again.haltedSinceMs(PHOTOS, 'mass-delete'), 5000)
    again.goesOn(PHOTOS)
    desk.nowMs = 7000
    assert.equal(again.haltedSinceMs(PHOTOS, 'mass-delete'), 7000)
  })

  it('say now of a folder that is in sync, and afterwards when it last was, also after a stop', async () => {
    const desk = new Desk()
    const notes = await desk.open()
    assert.equal(notes.lastInSyncMs(PHOTOS), null)
    notes.setInSync(PHOTOS, true)
    desk.nowMs = 4000
    assert.equal(notes.lastInSyncMs(PHOTOS), 4000)
    const again = await desk.restart(notes)
    desk.nowMs = 8000
    assert.equal(again.lastInSyncMs(PHOTOS), 4000)
    again.forgetFolder(PHOTOS)
    assert.equal(again.lastInSyncMs(PHOTOS), null)
  })

  it('are written once for all that changes while they are being written', async () => {
    const desk = new Desk()
    const notes = await desk.open()
    for (let i = 0; i < 100; i += 1) notes.sawDevice(BEN)
    await notes[Symbol.asyncDispose]()
    assert.ok(desk.writes <= 3, `${desk.writes} writes`)
  })

  it('are not written each time that a busy folder is in sync, and all the same at the end', async () => {
    const desk = new Desk()
    const notes = await desk.open()
    for (let i = 0; i < 1000; i += 1) {
      notes.setInSync(PHOTOS, i % 2 === 0)
      await new Promise((resolve) => setImmediate(resolve))
      desk.nowMs += 200
    }
    assert.ok(desk.writes <= 5, `${desk.writes} writes`)
    const again = await desk.restart(notes)
    assert.equal(again.lastInSyncMs(PHOTOS), desk.nowMs - 200)
  })

  it('tell an end that was clean from one that was not', async () => {
    const desk = new Desk()
    const first = await desk.open()
    assert.ok(first.wasClean, 'there was no life before')
    const afterEnd = await desk.restart(first)
    assert.ok(afterEnd.wasClean)
    await new Promise((resolve) => setImmediate(resolve))
    const afterKill = await desk.open()
    assert.ok(!afterKill.wasClean)
  })

  it('begin empty where the file is damaged, and keep what of it can be read', async () => {
    const desk = new Desk()
    desk.files.set('notes', Buffer.from('{"devices": 7, "folders"'))
    assert.equal((await desk.open()).lastSeenMs(BEN), null)
    desk.files.set('notes', Buffer.from(JSON.stringify({ devices: [[BEN, { lastSeenMs: 3 }], [7]], folders: 'none' })))
    assert.equal((await desk.open()).lastSeenMs(BEN), 3)
  })
})

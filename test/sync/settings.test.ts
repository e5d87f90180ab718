/** Small files that a newer Holt has written, in the hands of this one. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StateFiles } from '../../daemon/ports.ts'
import { readGroupFile } from '../../daemon/sync/group-file.ts'
import { loadSettings, saveSettings } from '../../daemon/sync/settings.ts'
import { encode } from '../../protocol/codec.ts'
import { crypto } from './blob-bench.ts'

const ID = 'ab'.repeat(16)

function stateOf(files: Map<string, Uint8Array>): StateFiles {
  return {
    read: async (name) => files.get(name),
    write: async (name, bytes) => void files.set(name, bytes),
    remove: async (name) => void files.delete(name),
    list: async (prefix) => [...files.keys()].filter((name) => name.startsWith(prefix)),
  }
}

describe('settings that a newer Holt wrote', () => {
  it('keep what this one does not know, when they are written again', async () => {
    const later = { id: ID, name: 'Photos', path: '/photos', isPaused: false, colour: 'blue', deep: { a: [1] } }
    const files = new Map([[`folders/${ID}.json`, new TextEncoder().encode(JSON.stringify(later))]])
    const state = stateOf(files)
    const [settings] = await loadSettings(state)
    assert.ok(settings)
    await saveSettings(state, { ...settings, isPaused: true })
    const now = JSON.parse(new TextDecoder().decode(files.get(`folders/${ID}.json`))) as typeof later
    assert.deepEqual([now.colour, now.deep, now.isPaused], ['blue', { a: [1] }, true])
  })
})

describe('a group log that a newer Holt wrote', () => {
  it('is refused in a sentence that says what to do, and not called damaged', async () => {
    const files = new Map([['group', encode([2, []])]])
    await assert.rejects(readGroupFile(stateOf(files), crypto), {
      name: 'GroupError',
      code: 'newer',
      message: 'the group log was written by a newer Holt; nothing was changed. Update Holt here.',
    })
    assert.deepEqual(files.get('group'), encode([2, []]))
  })
})

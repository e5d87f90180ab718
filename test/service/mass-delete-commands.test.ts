/** What a person may type who is asked about a mass deletion. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { massDeleteCommands } from '../../daemon/service/folder-view.ts'

describe('a halt for deletions', () => {
  it('leads with the command that brings everything back', () => {
    assert.deepEqual(massDeleteCommands('My Photos'), ['holt reject "My Photos"', 'holt approve "My Photos"'])
  })
})

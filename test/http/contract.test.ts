/** What clients rely on besides single answers: what they may import, and which events there are. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { zEvent } from '../../protocol/api/events.ts'
import type { EventKind } from '../../protocol/api/events.ts'
import { OPERATIONS } from '../../protocol/api/operations.ts'
import { ROUTES } from '../../protocol/api/routes.ts'

describe('what a command line loads before it has said a word', () => {
  for (const file of ['constants', 'heap-flags', 'routes', 'problem-codes', 'socket-path']) {
    it(`${file}.ts needs no schema library`, async () => {
      const source = await readFile(new URL(`../../protocol/api/${file}.ts`, import.meta.url), 'utf8')
      const loaded = [...source.matchAll(/^import (?!type )[^']*'([^']+)'/gm)].map((match) => match[1] ?? '')
      assert.deepEqual(
        loaded.filter((name) => name !== './constants.ts'),
        [],
      )
    })
  }
})

describe('the events', () => {
  const kinds = zEvent.options.map((option): string => option.shape.kind.value)
  const promised: readonly EventKind[] = [
    'scan.start',
    'scan.progress',
    'scan.done',
    'transfer.batch-start',
    'transfer.file-start',
    'transfer.file-progress',
    'transfer.file-done',
    'transfer.file-error',
    'transfer.batch-done',
    'sync.start',
    'sync.done',
    'folder.offered',
    'folder.halted',
    'device.online',
    'device.offline',
    'pairing.changed',
    'events.lost',
  ]

  it('are those that are promised, and more', () => {
    assert.deepEqual(
      promised.filter((kind) => !kinds.includes(kind)),
      [],
    )
  })
  it('are told apart by kinds that differ', () => {
    assert.equal(new Set(kinds).size, kinds.length)
  })
})

describe('the operations', () => {
  it('have a route and schemas each, with the parameters of the path', () => {
    assert.deepEqual(Object.keys(OPERATIONS), Object.keys(ROUTES))
    for (const [id, { path }] of Object.entries(ROUTES)) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')
      const found = Object.entries(OPERATIONS).find(([name]) => name === id)?.[1]
      assert.deepEqual(Object.keys(found?.params.shape ?? {}), named, id)
    }
  })
})

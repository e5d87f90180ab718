/** A run of a pair as a stream: refused at once, failing midway, left by its reader, read slowly. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PairError } from '../../daemon/sync/ends/pair-error.ts'
import { createPairService } from '../../daemon/service/pairs.ts'
import type { PairRun } from '../../daemon/service/parts.ts'
import { zPairRequest } from '../../protocol/api/pairs.ts'
import type { PairEvent, PairResult } from '../../protocol/api/pairs.ts'
import { PAIR_RESULT } from '../http/fake-pairs.ts'

const ORDER = zPairRequest.parse({ source: '/a', destination: '/b' })

function open(run: (o: PairRun) => Promise<PairResult>, signal = new AbortController().signal) {
  const watch = (): Promise<never> => Promise.reject(new Error('nobody watches'))
  const log = { event: () => undefined }
  // Of all parts of the service, runs of pairs use these.
  const parts = { pairs: { run, watch }, deps: { log } } as unknown as Parameters<typeof createPairService>[0]
  return createPairService(parts).syncPair(ORDER, { signal })
}

async function all(items: AsyncIterable<PairEvent>): Promise<PairEvent[]> {
  const events: PairEvent[] = []
  for await (const event of items) events.push(event)
  return events
}

describe('a run of a pair over the API', () => {
  it('that cannot begin is refused with its code', async () => {
    const refused = open(() => Promise.reject(new PairError('ends-overlap', 'They are one.')))
    await assert.rejects(refused, { name: 'ServiceError', code: 'ends-overlap', message: 'They are one.' })
  })

  it('that fails midway says so as its last word', async () => {
    const events = await all(
      await open(async ({ tell }) => {
        tell({ kind: 'scan.start' })
        await Promise.resolve()
        throw new PairError('no-space', 'The disk is full.')
      }),
    )
    assert.deepEqual(
      events.map((event) => (event.kind === 'sync.failed' ? event.code : event.kind)),
      ['scan.start', 'no-space'],
    )
  })

  it('is cancelled when its reader goes', async () => {
    const cancelled = Promise.withResolvers<undefined>()
    const items = await open(async ({ tell, signal }) => {
      tell({ kind: 'scan.start' })
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      cancelled.resolve(undefined)
      throw signal.reason
    })
    for await (const event of items) {
      assert.equal(event.kind, 'scan.start')
      break
    }
    await cancelled.promise
  })

  it('drops events that a slow reader does not take, and never the result', async () => {
    const items = await open(async ({ tell }) => {
      for (let count = 0; count < 10_000; count += 1) tell({ kind: 'scan.start' })
      tell({ kind: 'sync.done', result: PAIR_RESULT })
      return PAIR_RESULT
    })
    const events = await all(items)
    assert.ok(events.length < 3000, `${events.length} were kept`)
    assert.equal(events.at(-1)?.kind, 'sync.done')
  })
})

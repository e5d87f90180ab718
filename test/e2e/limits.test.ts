/** Real devices whose lines a person limits while they sync. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Limits } from '../../protocol/api/limits.ts'
import { Device, digest, pair, until } from './device.ts'

const MB = 1_000_000
const FILE_BYTES = 5 * MB

describe('devices whose sending or receiving is limited', () => {
  it('keep to it, say so, and go on at full speed when it is lifted', async () => {
    await using anna = new Device('anna')
    await using ben = new Device('ben')
    await Promise.all([anna.start(), ben.start()])
    await pair(anna, ben)
    mkdirSync(anna.path('Photos'))
    writeFileSync(join(anna.path('Photos'), 'first'), 'first')
    await anna.mustHolt('add', anna.path('Photos'))
    await ben.mustHolt('accept', 'Photos', ben.path('Photos'), '--yes')
    const areSame = (): boolean => digest(anna.path('Photos')) === digest(ben.path('Photos'))
    await until('the first sync', areSame)

    await anna.mustHolt('limit', 'ben', '--send', '2M')
    assert.ok((await timed(anna, 'sent', areSame)) >= 1000)
    await anna.mustHolt('limit', 'ben', '--send', 'none')
    await ben.mustHolt('limit', '--receive', '2M')
    assert.ok((await timed(anna, 'received', areSame)) >= 1000)
    assert.match(await ben.mustHolt('status'), /Limited: receives at most 2 MB\/s → holt limit/)

    await ben.mustHolt('limit', '--receive', 'pause')
    const { all } = JSON.parse(await ben.mustHolt('limit', '--json')) as Limits
    assert.deepEqual(all.receive, { rules: ['pause'], now: 0 })
    writeFileSync(join(anna.path('Photos'), 'paused'), randomBytes(FILE_BYTES))
    await until('ben has heard of it', async () => (await ben.folder('Photos')).state.kind === 'syncing')
    assert.ok(!areSame())
    await ben.mustHolt('limit', '--receive', 'default')
    await until('it is not limited any more', areSame)
  })
})

/** Milliseconds that a new file takes to the other device. */
async function timed(from: Device, name: string, areSame: () => boolean): Promise<number> {
  writeFileSync(join(from.path('Photos'), name), randomBytes(FILE_BYTES))
  const startMs = performance.now()
  await until(`${name} is there`, areSame)
  return performance.now() - startMs
}

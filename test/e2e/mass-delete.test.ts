/** Most of a folder is deleted at once: nothing happens before a person has said so, on any device. */

import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'node:test'
import { itInFull } from '../scale.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import type { Device } from './device.ts'
import { digest, until } from './device.ts'
import { same, share, untilInSync, withPair } from './pairs.ts'

const FILES = 160
/** More than half, and more than a hundred. */
const MOST = 120
/** Too few to be noticed. */
const PORTION = 60

interface Roots {
  readonly here: string
  readonly there: string
}

const fileNo = (root: string, i: number): string => join(root, `${i}.jpg`)

async function withAlbum(body: (anna: Device, ben: Device, roots: Roots) => Promise<void>): Promise<void> {
  await withPair(async (anna, ben) => {
    mkdirSync(anna.path('Photos'))
    for (let i = 0; i < FILES; i += 1) writeFileSync(fileNo(anna.path('Photos'), i), `photo ${i}`)
    const roots = await share(anna, ben)
    await until('the first sync', same(roots.here, roots.there))
    await untilInSync(anna, ben)
    await body(anna, ben, roots)
  })
}

function deleteFiles(root: string, from: number, to: number): void {
  for (let i = from; i < to; i += 1) rmSync(fileNo(root, i))
}

/** The words of the command that `holt status` prints for a decision; only once it does. */
async function printedCommand(device: Device, decision: 'approve' | 'reject'): Promise<string[]> {
  let shown = ''
  await until(`${device.name} is asked`, async () => {
    const { status, stdout } = await device.holt('status')
    shown = stdout
    return status === EXIT.needsAttention
  })
  assert.match(shown, /\b(120|160) of 16[01] entries were deleted/)
  const command = shown.split('\n').find((line) => line.includes(`→ holt ${decision} `))
  assert.ok(command !== undefined, shown)
  const [, words = ''] = /→ holt (.*)$/.exec(command) ?? []
  return words.split(' ').map((word) => word.replaceAll('"', ''))
}

const countIn = (root: string): number => readdirSync(root).filter((name) => name.endsWith('.jpg')).length

describe('most of a folder deleted at once', () => {
  itInFull('halts and asks on every device, and goes through once it is approved on another', async () => {
    await withAlbum(async (anna, ben, { here, there }) => {
      deleteFiles(there, 0, MOST)
      writeFileSync(join(there, 'new.txt'), 'written meanwhile')
      assert.deepEqual(await printedCommand(ben, 'reject'), ['reject', 'Photos'])
      const approve = await printedCommand(anna, 'approve')
      assert.equal(countIn(here), FILES, 'nothing was deleted before a person said so')
      await anna.mustHolt(...approve)
      await until('the deletions', () => countIn(here) === FILES - MOST && same(here, there)())
      await untilInSync(anna, ben)
      assert.ok(digest(here).includes('new.txt'))
      assert.equal(readdirSync(join(here, '.holt/versions')).length, MOST + 1, 'all are kept, beside the log')
      const again = await anna.holt(...approve)
      assert.equal(again.status, EXIT.refused, again.stderr)
      assert.match(again.stderr, /does not wait for a decision\. \[not-halted\]/)
    })
  })

  itInFull('is taken back where it was seen, when it is rejected on another', async () => {
    await withAlbum(async (anna, ben, { here, there }) => {
      const before = digest(here)
      deleteFiles(there, 0, FILES)
      await anna.mustHolt(...(await printedCommand(anna, 'reject')))
      await until('all files come back', () => digest(there) === before)
      await untilInSync(anna, ben)
      assert.equal(digest(here), before)
    })
  })

  itInFull(
    'that came unnoticed in portions halts where it arrives, and a rejection brings the files back on every device',
    async () => {
      await withAlbum(async (anna, ben, { here, there }) => {
        const before = digest(here)
        await anna.stop()
        for (let from = 0; from < MOST; from += PORTION) {
          const left = async (): Promise<number> => (await ben.folder('Photos')).held.files
          deleteFiles(there, from, from + PORTION)
          await until('a portion is taken for meant', async () => (await left()) === FILES - from - PORTION)
        }
        await anna.start()
        const reject = await printedCommand(anna, 'reject')
        assert.equal(digest(here), before, 'nothing was deleted before a person said so')
        await anna.mustHolt(...reject)
        await until('all files come back', () => digest(there) === before)
        await untilInSync(anna, ben)
        assert.equal(digest(here), before)
      })
    },
  )
})

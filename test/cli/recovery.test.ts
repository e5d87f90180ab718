/** The recovery words on the command line: never arguments, never in a pipe that was not meant for them. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { EXIT } from '../../protocol/api/constants.ts'
import { WORDS } from '../http/fake-service.ts'
import type { FakeHome } from './fake-home.ts'
import { openFakeHome } from './fake-home.ts'
import { runInside, say } from './lent-world.ts'

const asked: unknown[] = []
let home: FakeHome
before(async () => {
  home = await openFakeHome((fake) => ({
    useRecovery: async (request) => {
      asked.push(request)
      return await fake.useRecovery(request)
    },
    removeDeviceWithWords: async (ref, request) => {
      asked.push([ref, request])
      return await fake.removeDeviceWithWords(ref, request)
    },
  }))
})
after(() => home[Symbol.asyncDispose]())

/** To its end, with a text in the pipe. */
async function pipe(words: readonly string[], text: string) {
  asked.length = 0
  const run = runInside(home, words)
  run.type(text)
  run.close()
  return await run.ended
}

describe('holt recovery show', () => {
  it('prints the words alone on stdout, and forgets them when a person says so', async () => {
    await using own = await openFakeHome()
    const unseen = await say(own, ['recovery', 'show', '--written-down'])
    assert.deepEqual([unseen.status, unseen.stdout], [EXIT.refused, ''])
    const first = await say(own, ['recovery', 'show'])
    assert.deepEqual([first.status, first.stdout], [EXIT.ok, `${WORDS}\n`])
    assert.match(first.stderr, /Whoever has them owns the group[^]*--written-down/)
    assert.match(
      (await say(own, ['recovery', 'status'])).stdout,
      /^The recovery words were shown on .* still kept here/,
    )
    assert.match((await say(own, ['recovery', 'show', '--written-down'])).stderr, /has forgotten/)
    const again = await say(own, ['recovery', 'show'])
    assert.deepEqual([again.status, again.stdout], [EXIT.refused, ''])
    assert.match((await say(own, ['recovery', 'status'])).stdout, /only where they were written down/)
  })

  it('asks on a terminal whether they are written down, and keeps them where the answer is no', async () => {
    await using own = await openFakeHome()
    const run = runInside(own, ['recovery', 'show'], { isTty: true })
    await run.sees('stderr', /Are they written down\?/)
    run.type('n')
    const { status, stderr } = await run.ended
    assert.equal(status, EXIT.ok)
    assert.match(stderr, /Holt keeps them/)
    assert.equal((await say(own, ['recovery', 'show'])).stdout, `${WORDS}\n`)
  })
})

describe('holt recovery use', () => {
  it('takes the words from a pipe, numbered and on lines of their own, cut to four letters', async () => {
    const typed = WORDS.split(' ').map((word, i) => `${i + 1}. ${word.slice(0, 4).toUpperCase()}\n`)
    const ran = await pipe(['recovery', 'use', 'old', '/mnt/disk', '--yes'], typed.join(''))
    assert.deepEqual([ran.status, ran.stdout], [EXIT.ok, 'This device is an admin of Ada again.\n'], ran.stderr)
    assert.deepEqual(asked, [{ words: WORDS, from: [`${home.path}/old`, '/mnt/disk'], confirm: true }])
    assert.match(ran.stderr, /holt add .*\/old\n[^]*holt add \/mnt\/disk\n/)
  })

  it('names a word that is mistyped with the nearest one, and says when they do not belong together', async () => {
    const cases: [string, RegExp][] = [
      [WORDS.replace('winner', 'winnner'), /Word 2, "winnner", is none of the list\. Did you mean "winner"\?/],
      [WORDS.replace('legal winner', 'winner legal'), /do not belong together/],
      [WORDS.split(' ').slice(1).join(' '), /These are 11 words; the recovery words of a group are 12\./],
      ['', /No words were given\./],
    ]
    for (const [text, pattern] of cases) {
      const run = runInside(home, ['recovery', 'use', '--yes'])
      asked.length = 0
      run.type(`${text}\n`)
      run.close()
      const ran = await run.ended
      assert.deepEqual([ran.status, ran.stdout, asked], [EXIT.usage, '', []])
      assert.match(ran.stderr, pattern)
      assert.doesNotMatch(ran.stderr, /legal|sausage/, 'the words that are right are not repeated')
    }
  })

  it('shows which group it is, and changes nothing unless somebody says yes', async () => {
    const ran = await pipe(['recovery', 'use'], `${WORDS}\n`)
    assert.deepEqual([ran.status, ran.stdout], [EXIT.refused, ''])
    assert.match(ran.stderr, /words of Ada\. Its log ends on [^]*Devices: ada-phone\nFolders: Photos\n[^]*--yes/)
    assert.deepEqual(asked, [{ words: WORDS, from: [], confirm: false }])
  })

  it('lets a person on a terminal type again what was mistyped', async () => {
    asked.length = 0
    const run = runInside(home, ['recovery', 'use', '--yes'], { isTty: true })
    await run.sees('stderr', /Type the twelve recovery words/)
    run.type(`${WORDS.replace('year', 'yaer')}\n`)
    await run.sees('stderr', /Type all twelve again/)
    run.type(`${WORDS}\n`)
    assert.equal((await run.ended).status, EXIT.ok)
    assert.equal(asked.length, 1)
  })
})

describe('holt device remove --words', () => {
  it('takes the words from a pipe, and says since when nothing counts any more', async () => {
    const ran = await pipe(
      ['device', 'remove', 'ada-phone', '--lost', '--words', '--since', '2026-01-02 03:04Z'],
      WORDS,
    )
    assert.equal(ran.status, EXIT.ok, ran.stderr)
    const sinceMs = Date.parse('2026-01-02T03:04Z')
    assert.deepEqual(asked, [['ada-phone', { words: WORDS, lost: true, sinceMs }]])
    assert.match(ran.stdout, /^ada-phone is no longer in the group\..*lost/)
    assert.match(ran.stderr, /What it did to the group since 2026-01-0/)
  })

  it('refuses a time that is none, or one without the words, before anything is asked for', async () => {
    for (const words of [
      ['device', 'remove', 'ada-phone', '--words', '--since', 'yesterday'],
      ['device', 'remove', 'ada-phone', '--since', '2026-01-02'],
      ['device', 'role', 'ada-phone', 'mirror'],
    ]) {
      const ran = await pipe(words, WORDS)
      assert.deepEqual([ran.status, ran.stdout, asked], [EXIT.usage, '', []], words.join(' '))
    }
  })
})

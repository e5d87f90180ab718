/** Two daemons between which two people's work goes back and forth, and that are killed all the time. */

import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, it } from 'node:test'
import { recordFigure } from '../figures.ts'
import { scaled } from '../scale.ts'
import type { SimRandom } from '../sim/random.ts'
import { createSimRandom } from '../sim/random.ts'
import { halves, keptContents, leftInIncoming } from './aimed-device.ts'
import { Device, digest, pair, until } from './device.ts'
import { Hands, filesBelow } from './hands.ts'
import { same, share, untilInSync } from './pairs.ts'

/** At least so many. */
const KILLS = scaled({ small: 2, full: 200 })
/** Kills between two times at which all has to be the same, at least. */
const KILLS_A_ROUND = scaled({ small: 2, full: 14 })
/** The longest that a daemon lives between two kills, from when it answers, and from when it begins. */
const LIFE_MS_MAX = 500
const START_MS_MAX = 900
/** Blobs that were on their way when they were replaced; they do not grow with the kills. */
const LEFT_MAX = 5
/** What each person does between two kills: so little that no guard against the deletion of most of a folder is met. */
const EDITS_A_KILL = 4

interface Person {
  readonly device: Device
  /** The folder, and in it the directory where only this person works. */
  readonly root: string
  readonly hands: Hands
}

interface Count {
  kills: number
  duringStart: number
  rounds: number
}

describe('a daemon', () => {
  it(
    'may be killed at any moment of a sync, and both come to the same folder with nothing lost',
    { timeout: 1_400_000 },
    async () => {
      await using anna = new Device('anna')
      await using ben = new Device('ben')
      await Promise.all([anna.start(), ben.start()])
      await pair(anna, ben)
      for (const device of [anna, ben]) mkdirSync(anna.path('Photos', device.name), { recursive: true })
      const { here, there } = await share(anna, ben)
      await until('the first sync', () => digest(there).includes('ben/'))
      const random = createSimRandom('killed')
      const people: Person[] = [
        { device: anna, root: here, hands: new Hands(join(here, 'anna'), 'anna', random.fork('anna')) },
        { device: ben, root: there, hands: new Hands(join(there, 'ben'), 'ben', random.fork('ben')) },
      ]
      const count: Count = { kills: 0, duringStart: 0, rounds: 0 }
      while (count.kills < KILLS) await round(people, random, count)
      recordFigure('killed-at-random', {
        'kills at random moments': count.kills,
        'of these, while the daemon was starting': count.duringStart,
        edits: people.reduce((sum, { hands }) => sum + hands.edits, 0),
        'times at which all was compared': count.rounds,
        'files lost': 0,
        'files seen half-written': 0,
        'most that was left in .holt/incoming': LEFT_MAX,
      })
    },
  )
})

/** Kills and edits, then a rest in which everything has to come right. */
async function round(people: readonly Person[], random: SimRandom, count: Count): Promise<void> {
  const before = people.map(({ root }) => contentsOf(root))
  const enough = count.kills + KILLS_A_ROUND
  while (count.kills < enough) {
    const victims = random.chance(0.1) ? people : [random.pick(people)]
    const earlyMs = random.chance(0.3) ? random.below(START_MS_MAX) : undefined
    for (const { hands } of people) for (let i = 0; i < EDITS_A_KILL; i += 1) hands.edit()
    await delay(random.below(LIFE_MS_MAX))
    await Promise.all(victims.map((victim) => killAndStart(victim, earlyMs)))
    count.kills += victims.length * (earlyMs === undefined ? 1 : 2)
    if (earlyMs !== undefined) count.duringStart += victims.length
    for (const { root } of people) assert.deepEqual(halves(root), [], `after ${count.kills} kills`)
  }
  count.rounds += 1
  await compare(people, before, `after ${count.kills} kills`)
}

/** @param earlyMs kill it once more, so long after it was begun. */
async function killAndStart({ device }: Person, earlyMs: number | undefined): Promise<void> {
  await device.kill()
  if (earlyMs !== undefined) {
    const starting = device.start().catch(() => undefined)
    await delay(earlyMs)
    await device.kill()
    await starting
  }
  await device.start()
}

async function compare(people: readonly Person[], before: readonly ReadonlySet<string>[], what: string): Promise<void> {
  const [anna, ben] = people
  assert.ok(anna !== undefined && ben !== undefined)
  await until(`both are the same ${what}`, same(anna.root, ben.root))
  await untilInSync(anna.device, ben.device)
  for (const { hands } of people) {
    for (const { root } of people) hands.check(join(root, hands.directory.endsWith('anna') ? 'anna' : 'ben'), what)
  }
  for (const [i, { root, device, hands }] of people.entries()) {
    const there = contentsOf(root)
    const kept = keptContents(root)
    const isOwn = (bytes: string): boolean => bytes.startsWith(`<${device.name}-`)
    // What a person replaces with their own hands was theirs to replace; what Holt replaced is kept.
    for (const bytes of before[i] ?? []) {
      assert.ok(isOwn(bytes) || there.has(bytes) || kept.has(bytes), `${what}: ${bytes.slice(0, 40)} is lost`)
    }
    assert.ok(hands.edits > 0)
    // What had begun to arrive and was replaced meanwhile may wait for its time to go; half-written files may not.
    const left = leftInIncoming(root)
    assert.ok(left.length <= LEFT_MAX && left.every((name) => !name.includes('.new-')), `${what}: ${left.join()}`)
  }
}

function contentsOf(root: string): Set<string> {
  return new Set([...filesBelow(root)].map(([, bytes]) => bytes.toString('latin1')))
}

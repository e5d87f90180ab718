/**
 * A soak: three devices whose people edit all the time, in directories of their own and in one that they share. Now and then all
 * rest: then every folder has to be the same, and everything has to be there. One daemon is killed in each round. The memory of
 * each is measured at each rest, and may not grow.
 */

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Figures } from '../figures.ts'
import type { SimRandom } from '../sim/random.ts'
import { createSimRandom } from '../sim/random.ts'
import { halves } from './aimed-device.ts'
import { Device, digest, pair, until } from './device.ts'
import { Hands } from './hands.ts'
import { untilInSync } from './pairs.ts'

const MEBIBYTE = 2 ** 20
/** How long people work between two rests. */
const WORK_MS = 8_000
const EDIT_EVERY_MS = 250
/** Fewer than what a guard asks about. */
const EDITS_MAX = 40
/** Samples of a life that are not counted: caches fill, code is compiled. */
const WARM_UP_SAMPLES = 4
/** By how much memory may grow from the first half of the samples to the second. */
const GROWTH_BYTES_MAX = 24 * MEBIBYTE

export interface SoakOptions {
  readonly durationMs: number
  readonly seed: string
  readonly say: (line: string) => void
}

interface Person {
  readonly device: Device
  readonly root: string
  readonly hands: readonly Hands[]
  /** Memory at each rest since the daemon was started last. */
  samples: number[]
  /** The longest of such lives. */
  longest: number[]
}

/** @throws AssertionError with what went wrong and the seed. @returns what was counted. */
export async function soak(o: SoakOptions): Promise<Figures> {
  await using stack = new AsyncDisposableStack()
  const random = createSimRandom(o.seed)
  const people = await begin(stack, random)
  const endMs = performance.now() + o.durationMs
  const count = { rests: 0, kills: 0 }
  do {
    await work(people, random)
    // The last one lives through all of it, so that its memory is seen.
    if (random.chance(0.5)) {
      const victim = random.pick(people.slice(0, -1))
      await victim.device.kill()
      victim.samples = []
      await victim.device.start()
      count.kills += 1
    }
    await rest(people, `seed ${o.seed}, rest ${count.rests + 1}`)
    count.rests += 1
    o.say(
      `rest ${count.rests}: ${people.map(({ device, samples }) => `${device.name} ${toMebibytes(samples.at(-1) ?? 0)} MiB`).join(', ')}`,
    )
  } while (performance.now() < endMs)
  const growth = Math.max(0, ...people.map(({ longest }) => growthOf(longest)))
  assert.ok(growth <= GROWTH_BYTES_MAX, `seed ${o.seed}: a daemon has grown by ${toMebibytes(growth)} MiB`)
  return {
    minutes: Math.round(o.durationMs / 6000) / 10,
    edits: people.reduce((sum, { hands }) => sum + hands.reduce((all, each) => all + each.edits, 0), 0),
    'times at which all was the same': count.rests,
    kills: count.kills,
    'files lost': 0,
    'growth of memory, in MiB': toMebibytes(growth),
    'most memory of a daemon, in MiB': toMebibytes(Math.max(...people.flatMap(({ longest }) => longest))),
  }
}

async function begin(stack: AsyncDisposableStack, random: SimRandom): Promise<Person[]> {
  const devices = ['anna', 'ben', 'carol'].map((name) => stack.use(new Device(name)))
  const [anna, ben, carol] = devices
  assert.ok(anna !== undefined && ben !== undefined && carol !== undefined)
  await Promise.all(devices.map((device) => device.start()))
  await pair(anna, ben)
  await pair(ben, carol)
  for (const { name } of devices) mkdirSync(anna.path('Photos', name), { recursive: true })
  await anna.mustHolt('add', anna.path('Photos'))
  for (const device of [ben, carol]) await device.mustHolt('accept', 'Photos', device.path('Photos'), '--yes')
  await until('the first sync', () => devices.every((device) => existsSync(device.path('Photos', 'carol'))))
  return devices.map((device) => {
    const root = device.path('Photos')
    const hands = [new Hands(join(root, device.name), device.name, random.fork(device.name))]
    return { device, root, hands, samples: [], longest: [] }
  })
}

/** Everybody edits, each at their own pace. */
async function work(people: readonly Person[], random: SimRandom): Promise<void> {
  const untilMs = performance.now() + WORK_MS
  for (let edits = 0; edits < EDITS_MAX && performance.now() < untilMs; edits += 1) {
    for (const { hands } of people) for (const each of hands) if (random.chance(0.7)) each.edit()
    await delay(random.below(2 * EDIT_EVERY_MS))
  }
}

async function rest(people: readonly Person[], what: string): Promise<void> {
  const areSame = (): boolean => new Set(people.map(({ root }) => digest(root))).size === 1
  await until(`all are the same: ${what}`, areSame, 120_000)
  await untilInSync(...people.map(({ device }) => device))
  for (const { root } of people) assert.deepEqual(halves(root), [], what)
  for (const { hands, device: owner } of people) {
    for (const { root } of people) for (const each of hands) each.check(join(root, owner.name), what)
  }
  for (const person of people) {
    person.samples.push(residentBytes(person.device.pid))
    if (person.samples.length > person.longest.length) person.longest = [...person.samples]
  }
}

/** How much larger the second half of the samples is than the first, by their smallest: what is given back is not counted. */
export function growthOf(samples: readonly number[]): number {
  const warm = samples.slice(WARM_UP_SAMPLES)
  if (warm.length < 4) return 0
  const middle = Math.floor(warm.length / 2)
  return Math.min(...warm.slice(middle)) - Math.min(...warm.slice(0, middle))
}

function residentBytes(pid: number): number {
  const [, kib = '0'] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) * 1024
}

const toMebibytes = (bytes: number): number => Math.round(bytes / MEBIBYTE)

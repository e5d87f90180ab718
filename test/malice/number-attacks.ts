/** Numbers that a member may say, at the end of what can be counted and beyond. */

import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { deviceIdOf } from '../../protocol/ids.ts'
import { until } from '../e2e/device.ts'
import { filesBelow } from '../e2e/hands.ts'
import type { Attack } from './attack.ts'
import { serveBytes } from './blob-server.ts'
import type { RawEntry } from './forge.ts'
import { bytesOf, file, symlink } from './forge.ts'
import type { Stage } from './stage.ts'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const NUMBERS = 'lying peer: numbers'

const MAX = Number.MAX_SAFE_INTEGER

/** Numbers at the end of what can be counted: a person's next edit of the same path has to arrive all the same. */
async function hugeNumbers(stage: Stage): Promise<number> {
  const { mallory, log, offer, victimId, victim, honest } = stage
  const content = bytesOf(text('huge'), mallory.crypto)
  const devices = [mallory.signer.device, victimId].sort()
  const modBy = devices.indexOf(mallory.signer.device)
  serveBytes(mallory, [content])
  for (const [i, lie] of HUGE.entries()) {
    const name = `number-${i}.txt`
    const entry = file(name, content, mallory.crypto, { modBy, ...lie })
    assert.equal(await offer(log().add([entry], { devices }).manifest()), 'taken', `lie ${i}`)
    await until(`lie ${i} is believed`, () => existsSync(victim.path('Photos', name)))
    writeFileSync(victim.path('Photos', name), `<edit-${i} 0>\n`)
    // Where all counters are at their end it may arrive as the copy of a conflict.
    const arrives = (): boolean =>
      [...filesBelow(honest.path('Photos'))].some(
        ([path, bytes]) => path.startsWith(`number-${i}`) && bytes.toString() === `<edit-${i} 0>\n`,
      )
    await until(`an edit of what had the numbers of lie ${i}`, arrives)
  }
  return HUGE.length
}

/** Both devices have to be named. */
const HUGE: readonly Partial<RawEntry>[] = [
  ...[
    [MAX, 1],
    [1, MAX],
    [MAX, MAX],
    [MAX - 1, MAX - 1],
  ].map(([a = 1, b = 1]) => ({
    vector: [
      [0, a],
      [1, b],
    ],
  })),
  {
    vector: [
      [0, 1],
      [1, 1],
    ],
    t: MAX,
  },
  {
    vector: [
      [0, 1],
      [1, 1],
    ],
    mtimeMs: MAX,
  },
  {
    vector: [
      [0, MAX],
      [1, MAX],
    ],
    mtimeMs: 2 ** 43,
    t: MAX,
  },
]

/** A path whose vector has no room for whoever edits it next. */
async function inventedDevices(stage: Stage): Promise<number> {
  const { mallory, log, offer } = stage
  const content = bytesOf(text('invented'), mallory.crypto)
  const invented = Array.from({ length: 63 }, (_, i) => deviceIdOf(new Uint8Array(32).fill(i + 1)))
  const devices = [mallory.signer.device, ...invented].sort()
  const vector = devices.map((_, i): [number, number] => [i, 1])
  const entry = file('invented.txt', content, mallory.crypto, { modBy: devices.indexOf(mallory.signer.device), vector })
  assert.equal(await offer(log().add([entry], { devices }).manifest()), 'cut-off')
  return 1
}

async function tooMany(stage: Stage): Promise<number> {
  const { mallory, log, offer } = stage
  const content = bytesOf(text('many'), mallory.crypto)
  const strangers = Array.from({ length: 65 }, (_, i) => deviceIdOf(new Uint8Array(32).fill(i + 1)))
  const entry = file('many.txt', content, mallory.crypto)
  const lies = [
    log().add([entry], { devices: strangers.toSorted() }),
    log().add([{ ...entry, vector: Array.from({ length: 65 }, (_, i) => [i, 1]) }], {
      devices: strangers.slice(0, 64),
    }),
    log().add([{ ...entry, vector: [[3, 1]] }]),
    log().add([{ ...entry, vector: [] }]),
    log().add([{ ...entry, vector: [[0, 0]] }]),
    log().add([{ ...entry, modBy: 9 }]),
    log().add([{ ...entry, size: 2 ** 49 }]),
    log().add([{ ...entry, size: 2 ** 40, chunks: null }]),
    log().add([{ ...entry, kind: 1 }]),
    log().add(Array.from({ length: 4097 }, (_, i) => ({ ...entry, path: `many/${i}` }))),
    log().add([{ ...entry, extra: Array.from({ length: 17 }, (_, i) => [i + 2, new Uint8Array(1)]) }]),
    log().add([{ ...entry, extra: [[2, new Uint8Array(8193)]] }]),
    log().add([symlink('link', 'x'.repeat(5000))]),
    log().add([symlink('link', 'nul\u0000')]),
  ]
  for (const [i, each] of lies.entries()) assert.equal(await offer(each.manifest()), 'cut-off', `lie ${i}`)
  return lies.length
}

export const NUMBER_ATTACKS: readonly Attack[] = [
  { threat: NUMBERS, name: 'counters and times at the end of numbers', run: hugeNumbers, isSmall: true },
  { threat: NUMBERS, name: 'more than a segment may have', run: tooMany },
  { threat: NUMBERS, name: 'a vector that is full of invented devices', run: inventedDevices, isSmall: true },
]

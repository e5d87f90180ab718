/** A whole small sync between two devices, over the real adapters, in which one call of one of them fails: each call in turn. */

import { byHand, onCalls, watchReadsToo } from '../disk/disk-calls.ts'
import type { Call } from '../disk/disk-calls.ts'
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, readdirSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, it } from 'node:test'
import { CatalogueError } from '../../daemon/catalogue/catalogue-error.ts'
import { digest } from '../e2e/device.ts'
import { recordFigure } from '../figures.ts'
import { scaled } from '../scale.ts'
import { openRealDevice } from './real-device.ts'
import type { RealDevice } from './real-device.ts'

const CODES = ['ENOSPC', 'EIO', 'EMFILE', 'EACCES'] as const
type Code = (typeof CODES)[number]
/** Every so manieth call of a sync fails. */
const STRIDE = scaled({ small: 40, full: 1 })
/** In every so manieth of these it goes on failing until it is seen to be said. */
const LASTING_EVERY = 5
/** How long a fault that lasts may take to be said, and a sync to come right. */
const SAID_MS = 3_000
const RIGHT_MS = 30_000

/** The one fault that is to come: at which call, and which. */
interface Fault {
  readonly at: number
  readonly code: Code
  readonly isLasting: boolean
}

class Faults implements Disposable {
  readonly #calls: Disposable
  #below = ''
  #fault: Fault | undefined
  #seen = 0
  #hasFailed = false
  #failsLanding = false

  constructor() {
    this.#calls = onCalls((call) => {
      const code = this.#isOurs(call) ? this.#next() : undefined
      return code === undefined ? 'done' : { fails: code }
    })
  }

  /** Of the device whose files lie below a directory. */
  watch(directory: string): void {
    this.#below = directory
  }

  begin(fault: Fault | undefined): void {
    this.#seen = 0
    this.#hasFailed = false
    this.#fault = fault
  }

  /** @returns how many calls there were. */
  end(): number {
    this.#fault = undefined
    return this.#seen
  }

  get hasFailed(): boolean {
    return this.#hasFailed
  }

  /** The next transaction that records what a pull has brought fails, once. */
  failLanding(): void {
    this.#hasFailed = false
    this.#failsLanding = true
  }

  transact(): void {
    if (this.#failsLanding && new Error('where').stack?.includes('blobsLanded') === true) {
      this.#failsLanding = false
      this.#hasFailed = true
      throw new CatalogueError('full', 'the disk that holds the catalogue is full')
    }
    const code = this.#next()
    if (code !== undefined) throw new CatalogueError(code === 'ENOSPC' ? 'full' : 'io', code)
  }

  #isOurs({ paths, fd }: Call): boolean {
    return byHand(() =>
      [...paths, ...(fd === undefined ? [] : [`/proc/self/fd/${fd}`])].some((path) => this.#isBelow(path)),
    )
  }

  #isBelow(path: string): boolean {
    const [, link = '', rest = ''] = /^(\/proc\/self\/fd\/\d+)(.*)$/.exec(path) ?? []
    try {
      return (link === '' ? path : readlinkSync(link) + rest).startsWith(this.#below)
    } catch {
      return false
    }
  }

  #next(): Code | undefined {
    this.#seen += 1
    const fault = this.#fault
    const isMet = fault !== undefined && (fault.isLasting ? this.#seen >= fault.at : this.#seen === fault.at)
    if (isMet) this.#hasFailed = true
    return isMet ? fault.code : undefined
  }

  [Symbol.dispose](): void {
    this.#calls[Symbol.dispose]()
  }
}

/** Each kind of change once; `gone`, `over` and `move` are of the round before. */
function work(root: string, round: number): void {
  const at = (name: string, no = round): string => join(root, `${name}-${no}`)
  for (const name of ['gone', 'over', 'move']) writeFileSync(at(name), `${name} of ${round}`)
  writeFileSync(at('large'), Buffer.alloc(1_100_000, `large ${round};`))
  mkdirSync(at('dir'))
  writeFileSync(join(at('dir'), 'in'), `in ${round}`)
  if (round === 0) return
  rmSync(at('gone', round - 1))
  writeFileSync(at('over', round - 1), `over of ${round - 1}, again`)
  renameSync(at('move', round - 1), at('moved', round - 1))
  rmSync(at('large', round - 1))
  rmSync(at('dir', round - 1), { recursive: true })
  if (round === 1) return
  rmSync(at('over', round - 2))
  rmSync(at('moved', round - 2))
}

async function until(what: () => string, holds: () => boolean, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!byHand(holds)) {
    assert.ok(performance.now() < deadline, `not within ${withinMs} ms: ${what()}`)
    await delay(15)
  }
}

function keptContents(root: string): Set<string> {
  const directory = join(root, '.holt/versions')
  return new Set(readdirSync(directory).map((name) => readFileSync(join(directory, name), 'latin1')))
}

/** So that each round looks at its own. */
function dropVersions(root: string): void {
  const directory = join(root, '.holt/versions')
  for (const name of readdirSync(directory)) if (!name.startsWith('log')) rmSync(join(directory, name))
}

function contentsOf(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('.holt'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
}

interface Two {
  readonly anna: RealDevice
  readonly ben: RealDevice
  readonly faults: Faults
}

/** One round of work of anna, in which one call of ben fails. @returns how many calls ben made. */
async function attempt({ anna, ben, faults }: Two, round: number, fault: Fault | undefined): Promise<number> {
  const what =
    fault === undefined ? 'no fault' : `${fault.code} at call ${fault.at}${fault.isLasting ? ' and after it' : ''}`
  const before = byHand(() => contentsOf(ben.root))
  faults.begin(fault)
  byHand(() => work(anna.root, round))
  const areSame = (): boolean => digest(anna.root) === digest(ben.root)
  if (fault?.isLasting === true) {
    const logged = ben.logged.length
    const isSaid = (): boolean => areSame() || ben.complaints().length > 0 || ben.logged.length > logged
    await until(() => `${what} is said`, isSaid, SAID_MS)
  } else
    await until(
      () => `${what}: ${byHand(() => ben.complaints()).join()} ${ben.logged.slice(-5).join('\n')}`,
      areSame,
      RIGHT_MS,
    )
  const calls = faults.end()
  await until(
    () => `${what} is over: ${byHand(() => ben.complaints()).join()} ${ben.logged.slice(-5).join('\n')}`,
    areSame,
    RIGHT_MS,
  )
  byHand(() => {
    const there = new Set([...contentsOf(ben.root), ...keptContents(ben.root)])
    for (const bytes of before) assert.ok(there.has(bytes), `${what}: ${bytes.slice(0, 30)} is lost`)
    dropVersions(ben.root)
  })
  return calls
}

/** Two devices that keep a folder, of which one can be made to fail. */
async function withTwo(body: (two: Two) => Promise<void>): Promise<void> {
  await watchReadsToo()
  using faults = new Faults()
  await using anna = await openRealDevice('anna', () => undefined)
  await using ben = await openRealDevice('ben', () => faults.transact())
  faults.watch(ben.home)
  anna.meet(ben)
  ben.meet(anna)
  await anna.transport.dial(`127.0.0.1:${ben.transport.port}`, { signal: AbortSignal.timeout(10_000) })
  await body({ anna, ben, faults })
}

describe('a fault', () => {
  it('of the database while bytes arrive makes the folder begin anew, and ends nothing else', async () => {
    await withTwo(async (two) => {
      await attempt(two, 0, undefined)
      two.faults.failLanding()
      await attempt(two, 1, undefined)
      assert.ok(two.faults.hasFailed)
    })
  })
})

describe('a disk', () => {
  it('may fail at any call of a sync: nothing is lost, and it goes on by itself', { timeout: 900_000 }, async (t) => {
    await withTwo((two) => failAtEach(two, (line) => t.diagnostic(line)))
  })
})

async function failAtEach(two: Two, say: (line: string) => void): Promise<void> {
  for (const round of [0, 1, 2]) await attempt(two, round, undefined)
  const calls = await attempt(two, 3, undefined)
  const { faults } = two
  const count = { faults: 0, lasting: 0 }
  let round = 4
  for (let at = 1; at <= calls; at += STRIDE) {
    const isLasting = round % LASTING_EVERY === 0
    await attempt(two, round, { at, code: CODES[round % CODES.length] ?? 'EIO', isLasting })
    count.faults += Number(faults.hasFailed)
    count.lasting += Number(isLasting)
    round += 1
  }
  say(`${calls} calls, ${count.faults} faults`)
  assert.ok(count.faults > (calls / STRIDE) * 0.5, `only ${count.faults} faults were met`)
  recordFigure('failing-disk', {
    'calls of one sync that were made to fail, each in turn': calls,
    'faults that were met': count.faults,
    'of these, faults that lasted until they were said': count.lasting,
    'kinds of faults': CODES.length,
    'files lost': 0,
  })
}

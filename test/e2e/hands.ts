/**
 * The hands of a person who works in a directory all the time, in the ways in which people and programs edit: whole writes,
 * appends, saves of editors, renames of files and directories, deletions. Every content tells by itself whether it is whole, and
 * what should be there is remembered, so that afterwards nothing has to be believed of a disk.
 */

import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { SimRandom } from '../sim/random.ts'

/** Few enough that no guard against the deletion of most of a folder is ever met. */
const FILES_MAX = 40
const DIRECTORIES = ['', 'letters', 'photos', 'photos/2026', 'work']
const SMALL_BYTES_MAX = 20_000
/** Of more than one chunk. */
const LARGE_BYTES = { low: 1_100_000, high: 2_600_000 }
const LARGE_SHARE = 0.06
const RECORD = /^<([^\s>]+) (\d+)>$/

/** One record of a file: its head line and a body that follows from it. A file is any number of them. */
function record(id: string, bodyBytes: number): Buffer {
  return Buffer.concat([Buffer.from(`<${id} ${bodyBytes}>\n`), Buffer.alloc(bodyBytes, `${id};`)])
}

/** Whether bytes are such records and nothing else: no half of a file passes. */
export function isWhole(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf('\n', at)
    const [, id = '', size = '-1'] = RECORD.exec(end < 0 ? '' : bytes.toString('latin1', at, end)) ?? []
    const expected = record(id, Math.max(0, Number(size)))
    if (Number(size) < 0 || !bytes.subarray(at, at + expected.length).equals(expected)) return false
    at += expected.length
  }
  return true
}

/** Every file below a directory, as its path and its bytes; `.holt` left out. */
export function* filesBelow(directory: string, shown = ''): Generator<readonly [path: string, bytes: Buffer]> {
  for (const entry of namesIn(directory)) {
    if (shown === '' && entry === '.holt') continue
    const path = join(directory, entry)
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (stats?.isDirectory() === true) yield* filesBelow(path, `${shown}${entry}/`)
    else if (stats?.isFile() === true) {
      const bytes = orGone(() => readFileSync(path))
      if (bytes !== undefined) yield [shown + entry, bytes]
    }
  }
}

function namesIn(directory: string): string[] {
  return orGone(() => readdirSync(directory).sort()) ?? []
}

/** Files come and go while they are looked at. */
function orGone<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw cause
  }
}

export class Hands {
  /** Where they work: nobody else does. */
  readonly directory: string
  readonly #who: string
  readonly #random: SimRandom
  /** What should be there. */
  readonly #files = new Map<string, Buffer>()
  #edits = 0

  constructor(directory: string, who: string, random: SimRandom) {
    this.directory = directory
    this.#who = who
    this.#random = random
    for (const each of DIRECTORIES) mkdirSync(join(directory, each), { recursive: true })
    // Something that is never deleted: a folder that is emptied asks.
    this.#put('always.txt', record(`${who}-always`, 100))
  }

  get edits(): number {
    return this.#edits
  }

  /** One edit of some kind. */
  edit(): void {
    this.#edits += 1
    const names = [...this.#files.keys()].filter((name) => name !== 'always.txt')
    if (names.length < 5) {
      this.#create()
      return
    }
    const kinds: (() => void)[] = [
      () => this.#overwrite(this.#random.pick(names)),
      () => this.#saveByRename(this.#random.pick(names)),
      () => this.#saveWithBackup(this.#random.pick(names)),
      () => this.#append(this.#random.pick(names)),
      () => this.#rename(this.#random.pick(names)),
      () => this.#delete(this.#random.pick(names)),
      () => this.#toggleExecutable(this.#random.pick(names)),
      () => this.#renameDirectory(),
      ...(names.length < FILES_MAX ? [this.#create, this.#create, this.#create].map((make) => make.bind(this)) : []),
    ]
    this.#random.pick(kinds)()
  }

  /** Fails unless a directory holds exactly what these hands have left behind. */
  check(directory: string, what: string): void {
    const there = new Map(filesBelow(directory))
    for (const [name, bytes] of this.#files) {
      const found = there.get(name)
      assert.ok(found !== undefined, `${what}: ${name} of ${this.#who} is missing`)
      assert.ok(found.equals(bytes), `${what}: ${name} of ${this.#who} is not what was written`)
    }
    assert.deepEqual([...there.keys()].sort(), [...this.#files.keys()].sort(), what)
  }

  /** Contents of more than one file at a time are all different. */
  contents(): Iterable<Buffer> {
    return this.#files.values()
  }

  #content(): Buffer {
    const isLarge = this.#random.chance(LARGE_SHARE)
    const bytes = isLarge
      ? this.#random.between(LARGE_BYTES.low, LARGE_BYTES.high)
      : this.#random.between(0, SMALL_BYTES_MAX)
    return record(`${this.#who}-${this.#edits}`, bytes)
  }

  #create(): void {
    const directory = this.#random.pick(DIRECTORIES)
    this.#put(join(directory, `${this.#who}-${this.#edits}.txt`), this.#content())
  }

  /** In one call for small ones; larger ones are saved as programs save them. */
  #put(name: string, bytes: Buffer): void {
    mkdirSync(join(this.directory, name, '..'), { recursive: true })
    if (bytes.length > SMALL_BYTES_MAX * 2) this.#writeAside(name, bytes)
    else writeFileSync(join(this.directory, name), bytes)
    this.#files.set(name, bytes)
  }

  #writeAside(name: string, bytes: Buffer): void {
    // Not in the folder: half of it would be a content that somebody wrote.
    const aside = join(this.directory, '..', '..', `.${this.#who}-aside`)
    const fd = openSync(aside, 'w')
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
    fsyncSync(fd)
    closeSync(fd)
    renameSync(aside, join(this.directory, name))
  }

  #overwrite(name: string): void {
    this.#put(name, this.#content())
  }

  #saveByRename(name: string): void {
    const bytes = this.#content()
    this.#writeAside(name, bytes)
    this.#files.set(name, bytes)
  }

  /** As vim does: the old one is moved aside, the new one is written, the old one goes. */
  #saveWithBackup(name: string): void {
    const [at, bytes] = [join(this.directory, name), record(`${this.#who}-${this.#edits}`, 3000)]
    renameSync(at, `${at}~`)
    writeFileSync(at, bytes)
    unlinkSync(`${at}~`)
    this.#files.set(name, bytes)
  }

  #append(name: string): void {
    const more = record(`${this.#who}-${this.#edits}`, this.#random.between(0, 500))
    appendFileSync(join(this.directory, name), more)
    this.#files.set(name, Buffer.concat([this.#files.get(name) ?? Buffer.alloc(0), more]))
  }

  #rename(name: string): void {
    const to = join(this.#random.pick(DIRECTORIES), `${this.#who}-${this.#edits}-renamed.txt`)
    mkdirSync(join(this.directory, to, '..'), { recursive: true })
    renameSync(join(this.directory, name), join(this.directory, to))
    this.#move(name, to)
  }

  #move(from: string, to: string): void {
    const bytes = this.#files.get(from)
    assert.ok(bytes !== undefined)
    this.#files.delete(from)
    this.#files.set(to, bytes)
  }

  #delete(name: string): void {
    rmSync(join(this.directory, name))
    this.#files.delete(name)
  }

  #toggleExecutable(name: string): void {
    const at = join(this.directory, name)
    chmodSync(at, lstatSync(at).mode ^ 0o100)
  }

  #renameDirectory(): void {
    const from = this.#random.pick(['letters', 'photos/2026', 'work'])
    const to = `${from}-${this.#edits}`
    const isThere = lstatSync(join(this.directory, from), { throwIfNoEntry: false }) !== undefined
    if (!isThere) {
      this.#create()
      return
    }
    renameSync(join(this.directory, from), join(this.directory, to))
    for (const name of [...this.#files.keys()]) {
      if (name.startsWith(`${from}/`)) this.#move(name, to + name.slice(from.length))
    }
  }
}

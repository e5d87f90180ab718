/**
 * The system calls that change the disk, each of which a test may let fail, or be the last that a process makes, or use for an
 * edit in between. To be imported before what it watches.
 */

import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { basename, dirname, join } from 'node:path'

export interface Call {
  /** Counts from 1 since `onCalls`. */
  readonly no: number
  /** `rename`, `link` …, without `Sync`. */
  readonly name: string
  /** Its arguments that are text, such as paths. */
  readonly paths: readonly string[]
  /** Its first argument where that is an open file. */
  readonly fd: number | undefined
}
/** What becomes of a call: nothing special, it fails with a code, or the process ends just before or just after its effect. */
export type Fate = 'done' | { readonly fails: string } | 'ends-before' | 'ends-after'

/** What all calls of a process that has ended throw: no code of the system, so that nothing handles it. */
export class Ended extends Error {
  override readonly name = 'Ended'
}

const SYNC = [
  'openSync',
  'lstatSync',
  'fstatSync',
  'fchmodSync',
  'futimesSync',
  'renameSync',
  'linkSync',
  'unlinkSync',
  'mkdirSync',
  'rmdirSync',
  'symlinkSync',
  'lutimesSync',
  'rmSync',
  'writeSync',
] as const
const PROMISES = [
  'link',
  'unlink',
  'rename',
  'symlink',
  'lutimes',
  'mkdir',
  'rmdir',
  'lstat',
  'open',
  'rm',
  'readdir',
] as const

type Any = (...args: unknown[]) => unknown

const state: {
  decide: ((call: Call) => Fate) | undefined
  calls: number
  hasEnded: boolean
  isCaseless: boolean
  watchesReads: boolean
} = {
  decide: undefined,
  calls: 0,
  hasEnded: false,
  isCaseless: false,
  watchesReads: false,
}

/** Asks for the fate of each call until it is disposed. @returns what also tells how many calls there were. */
export function onCalls(decide: (call: Call) => Fate): Disposable & { readonly calls: number } {
  Object.assign(state, { decide, calls: 0, hasEnded: false })
  return {
    get calls() {
      return state.calls
    },
    [Symbol.dispose]: () => {
      Object.assign(state, { decide: undefined, hasEnded: false })
    },
  }
}

/** Until it is disposed, a name finds what is there in other letters, as on a disk that does not tell cases apart. */
export function caseless(): Disposable {
  state.isCaseless = true
  return {
    [Symbol.dispose]: () => {
      state.isCaseless = false
    },
  }
}

/** What a path that does not exist as it is means on such a disk. */
function found(arg: unknown): unknown {
  if (!state.isCaseless || typeof arg !== 'string' || !arg.includes('/') || fs.existsSync(arg)) return arg
  const [directory, name] = [dirname(arg), basename(arg).toLowerCase()]
  const other = fs.existsSync(directory)
    ? fs.readdirSync(directory).find((each) => each.toLowerCase() === name)
    : undefined
  return other === undefined ? arg : join(directory, other)
}

/** Calls of a test's own hands are no calls of the process. */
export function byHand<T>(work: () => T): T {
  const { decide } = state
  state.decide = undefined
  try {
    return work()
  } finally {
    state.decide = decide
  }
}

function fateOf(name: string, args: readonly unknown[]): Fate {
  if (state.decide === undefined) return 'done'
  if (state.hasEnded) throw new Ended(name)
  state.calls += 1
  const paths = args.filter((arg) => typeof arg === 'string')
  const fd = typeof args[0] === 'number' ? args[0] : undefined
  const fate = state.decide({ no: state.calls, name, paths, fd })
  if (fate === 'ends-before' || fate === 'ends-after') state.hasEnded = true
  if (fate === 'ends-before') throw new Ended(name)
  if (typeof fate === 'object')
    throw Object.assign(new Error(`${fate.fails}: ${name}`), { code: fate.fails, syscall: name })
  return fate
}

function wrapSync(name: string, original: Any): Any {
  return (...args) => {
    const fate = fateOf(name.replace(/Sync$/, ''), args)
    const result = original(...args.map(found))
    if (fate === 'ends-after') throw new Ended(name)
    return result
  }
}

function wrapAsync(name: string, original: Any): Any {
  return async (...args) => {
    const fate = fateOf(name, args)
    const result = await original(...args.map(found))
    if (fate === 'ends-after') throw new Ended(name)
    return result
  }
}

/** The one that takes a callback, too: an `fsync` is made of it. */
function wrapCallback(name: string, original: Any): Any {
  return (...args) => {
    const done = args.at(-1)
    try {
      fateOf(name, args)
    } catch (cause) {
      if (typeof done === 'function') process.nextTick(done, cause)
      return undefined
    }
    return original(...args)
  }
}

function install(target: object, names: readonly string[], wrap: (name: string, original: Any) => Any): void {
  for (const name of names) {
    const original: unknown = Reflect.get(target, name)
    if (isFunction(original))
      Reflect.set(
        target,
        name,
        wrap(name, (...args) => original.apply(target, args)),
      )
  }
}

function isFunction(value: unknown): value is Any {
  return typeof value === 'function'
}

/** Of an open file. */
const HANDLES = ['write', 'datasync', 'sync', 'read', 'stat', 'truncate', 'writeFile'] as const

/** Reading calls and those of open files, too, from now on: not every test wants that many. */
export async function watchReadsToo(): Promise<void> {
  if (state.watchesReads) return
  state.watchesReads = true
  install(fs, ['readSync', 'readdirSync', 'readlinkSync'], wrapSync)
  install(fs.promises, ['opendir', 'statfs', 'readFile'], wrapAsync)
  const handle = await fs.promises.open('/dev/null')
  const prototype: object = Object.getPrototypeOf(handle) as object
  for (const name of HANDLES) {
    const original: unknown = Reflect.get(prototype, name)
    if (!isFunction(original)) throw new Error(`an open file has no ${name}`)
    Reflect.set(prototype, name, async function (this: { readonly fd: number }, ...args: unknown[]) {
      fateOf(name, [this.fd, ...args])
      const done: unknown = Reflect.apply(original, this, args)
      return await done
    })
  }
  await handle.close()
  syncBuiltinESMExports()
}

install(fs, SYNC, wrapSync)
install(fs, ['fsync', 'fdatasync'], wrapCallback)
install(fs.promises, PROMISES, wrapAsync)
syncBuiltinESMExports()

/**
 * Ends the process that imports it (`node --import`) just before or just after the n-th time that it comes to a commit point. It
 * watches the calls that reach the disk and the database from outside, so that a daemon has nothing in it for this.
 *
 * `HOLT_TEST_KILL_AT` is a file with `POINT:N:before|after`. It is read at the start and again at SIGUSR2, from which the counting
 * begins; while it is empty, nothing is counted.
 */

import fs from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { dirname } from 'node:path'
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads'
import type { CommitPoint } from './commit-points.ts'
import { COMMIT_POINTS } from './commit-points.ts'

type Any = (this: unknown, ...args: unknown[]) => unknown

const file = process.env['HOLT_TEST_KILL_AT']
const NAMES = Object.keys(COMMIT_POINTS)
/** What all threads of the process share: the number of the point from 1, the n, whether it is after, and how often it was seen. */
const SHARED = 'holt-test-kill-at'
const [POINT, NO, IS_AFTER, SEEN] = [0, 1, 2, 3]
const found: unknown = isMainThread ? undefined : getEnvironmentData(SHARED)
const aim = new Int32Array(found instanceof SharedArrayBuffer ? found : new SharedArrayBuffer(16))

function takeAim(path: string): void {
  const [point = '', no = '', when = ''] = fs.readFileSync(path, 'utf8').trim().split(':')
  Atomics.store(aim, POINT, 0)
  Atomics.store(aim, NO, Number(no))
  Atomics.store(aim, IS_AFTER, when === 'before' ? 0 : 1)
  Atomics.store(aim, SEEN, 0)
  Atomics.store(aim, POINT, NAMES.indexOf(point) + 1)
  fs.writeFileSync(`${path}.taken`, fs.readFileSync(path))
}

/** Does what a point is about, unless the process ends before it. */
function at<T>(point: CommitPoint | undefined, act: () => T): T {
  if (point === undefined || Atomics.load(aim, POINT) !== NAMES.indexOf(point) + 1) return act()
  const isMeant = Atomics.add(aim, SEEN, 1) + 1 === Atomics.load(aim, NO)
  if (isMeant && Atomics.load(aim, IS_AFTER) === 0) die()
  const result = act()
  if (!isMeant) return result
  if (!(result instanceof Promise)) die()
  return result.finally(die) as T
}

function die(): never {
  process.kill(process.pid, 'SIGKILL')
  // The signal comes at once; nothing may happen until then.
  for (;;) continue
}

// ---- The file system. Paths are often `/proc/self/fd/N/name`.

function real(path: unknown): string {
  if (typeof path !== 'string') return ''
  const [, fd = '', rest = ''] = /^\/proc\/self\/fd\/(\d+)(.*)$/.exec(path) ?? []
  return fd === '' ? path : pathOf(Number(fd)) + rest
}

function pathOf(fd: unknown): string {
  try {
    return typeof fd === 'number' ? fs.readlinkSync(`/proc/self/fd/${fd}`) : ''
  } catch {
    return ''
  }
}

const BLOB = /\/\.holt\/incoming\/[0-9a-f]{64}$/
const PART = /\/\.holt\/incoming\/[0-9a-f]{64}\.part$/
const NEW_BLOB = /\/\.holt\/incoming\/[0-9a-f]{64}\.new-/
const VERSIONS_LOG = /\/\.holt\/versions\/log$/
const isInFolder = (path: string): boolean => path.includes('/files/') && !path.includes('/.holt/')

function renamePoint(from: string, to: string): CommitPoint | undefined {
  if (BLOB.test(to)) return 'blob whole'
  if (isInFolder(from) && to.includes('/.holt/versions/')) return 'old moved to versions'
  if (to.endsWith('.head')) return 'head saved'
  if (to.endsWith('/state/group')) return 'group log saved'
  return /\/state\/folders\/[^/]*$/.test(to) ? 'settings saved' : undefined
}

function linkPoint(from: string, to: string): CommitPoint | undefined {
  if (BLOB.test(from) && isInFolder(to)) return 'new in place'
  return isInFolder(from) && isInFolder(to) ? 'file renamed' : undefined
}

function writePoint(path: string): CommitPoint | undefined {
  if (VERSIONS_LOG.test(path)) return 'versions log written'
  if (PART.test(path)) return 'chunk written'
  return NEW_BLOB.test(path) ? 'blob written' : undefined
}

function syncPoint(path: string): CommitPoint | undefined {
  if (VERSIONS_LOG.test(path)) return 'versions log synced'
  if (PART.test(path)) return 'part synced'
  if (BLOB.test(path)) return 'blob synced'
  const isDirectory = fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  return isDirectory && path.includes('/files/') ? 'directory synced' : undefined
}

/** The point that a call of some name comes to. */
const POINTS: Readonly<Record<string, (args: readonly unknown[]) => CommitPoint | undefined>> = {
  renameSync: ([from, to]) => renamePoint(real(from), real(to)),
  rename: ([from, to]) => renamePoint(real(from), real(to)),
  linkSync: ([from, to]) => linkPoint(real(from), real(to)),
  unlinkSync: ([path]) => (BLOB.test(real(path)) ? 'part unlinked' : undefined),
  mkdirSync: ([path]) => (isInFolder(real(path)) ? 'directory made' : undefined),
  rmdirSync: ([path]) => (isInFolder(real(path)) ? 'directory removed' : undefined),
  futimesSync: ([fd]) => (dirname(pathOf(fd)) === '' ? undefined : 'attributes set'),
  writeSync: ([fd]) => writePoint(pathOf(fd)),
  fsync: ([fd]) => syncPoint(pathOf(fd)),
  fdatasync: ([fd]) => syncPoint(pathOf(fd)),
}

function watch(target: object, names: readonly string[]): void {
  for (const name of names) {
    const original: unknown = Reflect.get(target, name)
    const pointOf = POINTS[name]
    if (typeof original !== 'function' || pointOf === undefined)
      throw new Error(`${name} is no call of the file system`)
    const call: Any = (...args) => Reflect.apply(original, target, args) as unknown
    Reflect.set(target, name, (...args: unknown[]) => at(pointOf(args), () => call(...args)))
  }
}

/** These tell of their end by a callback. */
function watchCallbacks(names: readonly string[]): void {
  for (const name of names) {
    const original: unknown = Reflect.get(fs, name)
    const pointOf = POINTS[name]
    if (typeof original !== 'function' || pointOf === undefined)
      throw new Error(`${name} is no call of the file system`)
    Reflect.set(fs, name, (...args: unknown[]) => {
      const done = args.at(-1)
      const run = (): Promise<unknown> =>
        new Promise((resolve) => {
          Reflect.apply(original, fs, [...args.slice(0, -1), (...said: unknown[]) => resolve(said)])
        })
      void Promise.resolve(at(pointOf(args), run)).then((said) => {
        if (typeof done === 'function') Reflect.apply(done, undefined, Array.isArray(said) ? said : [])
      })
    })
  }
}

async function watchHandles(): Promise<void> {
  const handle = await fs.promises.open('/dev/null')
  const prototype: object = Object.getPrototypeOf(handle) as object
  for (const [name, pointOf] of [
    ['write', writePoint],
    ['datasync', syncPoint],
  ] as const) {
    const original: unknown = Reflect.get(prototype, name)
    if (typeof original !== 'function') throw new Error(`an open file has no ${name}`)
    Reflect.set(prototype, name, function (this: { readonly fd: number }, ...args: unknown[]): unknown {
      return at(pointOf(pathOf(this.fd)), () => Reflect.apply(original, this, args) as unknown)
    })
  }
  await handle.close()
}

// ---- The database: a transaction is known by what it has written when it commits.

interface Statement {
  readonly source: string
}

function watchDatabase(): void {
  const Database = createRequire(import.meta.url)('better-sqlite3') as new (file: string) => {
    prepare(sql: string): object
    close(): void
  }
  const db = new Database(':memory:')
  const prototype: object = Object.getPrototypeOf(db.prepare('select 1')) as object
  db.close()
  const original: unknown = Reflect.get(prototype, 'run')
  if (typeof original !== 'function') throw new Error('a statement cannot be run')
  let written = ''
  Reflect.set(prototype, 'run', function (this: Statement, ...args: unknown[]): unknown {
    const run = (): unknown => Reflect.apply(original, this, args) as unknown
    if (this.source === 'begin immediate') written = ''
    if (this.source !== 'commit') {
      written += `${this.source}\n`
      return run()
    }
    return at(commitPoint(written), run)
  })
}

function commitPoint(written: string): CommitPoint | undefined {
  if (written.includes('into segment')) return 'segments recorded'
  if (/insert[^\n]* into intent/.test(written)) return 'intents recorded'
  const hasOwn = /into own\b/.test(written)
  if (hasOwn) return written.includes('delete from intent') ? 'rows recorded' : 'edits recorded'
  return /into peer_position/.test(written) && /\bentry\b/.test(written) ? 'entries of another recorded' : undefined
}

if (file !== undefined) {
  if (isMainThread) {
    setEnvironmentData(SHARED, aim.buffer)
    takeAim(file)
    process.on('SIGUSR2', () => takeAim(file))
  }
  watch(fs, ['renameSync', 'mkdirSync', 'futimesSync', 'writeSync', 'linkSync', 'unlinkSync', 'rmdirSync'])
  watch(fs.promises, ['rename'])
  watchCallbacks(['fsync', 'fdatasync'])
  await watchHandles()
  if (isMainThread) watchDatabase()
  syncBuiltinESMExports()
}

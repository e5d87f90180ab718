/** The `holt` command before any of Holt runs: which Node and which program it takes. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const LAUNCHER = fileURLToPath(new URL('../../cli/launcher.cjs', import.meta.url))

interface Tree {
  /** Path below the tree → text. */
  readonly [path: string]: string
}
interface Outcome {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

const SAY = `process.stdout.write(JSON.stringify([process.argv.slice(2), process.env.UV_THREADPOOL_SIZE]))`
const BUILT = { 'dist/cli/main.js': `${SAY}\nprocess.stdout.write(' built')`, 'dist/package.json': '{"type":"module"}' }
const SOURCE = { 'cli/main.ts': `const from: string = ' source'\n${SAY}\nprocess.stdout.write(from)` }
const CLONE_NODE = {
  'node_modules/node/bin/node': `#!/bin/sh\nHOLT_BY_CLONE=yes exec "${process.execPath}" "$@"\n`,
}
/** Preloaded by the Node that runs the launcher, and not by the one that it hands over to. */
const OLD_NODE = `Object.defineProperty(process, 'version', { value: 'v20.20.2' })
  Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })`
const NODE_WITHOUT_TYPES = `Object.defineProperty(process.features, 'typescript', { value: false })`

describe('the launcher on Node 22 or newer', () => {
  it('runs what was built, with its arguments and 64 threads', async (t) => {
    const outcome = await launch(t, { ...BUILT, ...SOURCE }, { args: ['add', 'a b'] })
    assert.deepEqual(outcome, { status: 0, signal: null, stdout: '[["add","a b"],"64"] built', stderr: '' })
  })

  it('runs the sources of a clone that was not built', async (t) => {
    const outcome = await launch(t, SOURCE)
    assert.deepEqual([outcome.status, outcome.stdout], [0, '[[],"64"] source'])
  })

  it('leaves the number of threads to who set it', async (t) => {
    const outcome = await launch(t, BUILT, { env: { UV_THREADPOOL_SIZE: '5' } })
    assert.match(outcome.stdout, /"5"\] built$/)
  })

  it('passes on the exit status', async (t) => {
    const outcome = await launch(t, { ...BUILT, 'dist/cli/main.js': 'process.exitCode = 6' })
    assert.equal(outcome.status, 6)
  })

  it('runs through a symbolic link, as npm makes one', async (t) => {
    const outcome = await launch(t, BUILT, { isLinked: true })
    assert.equal(outcome.stdout, '[[],"64"] built')
  })

  it('that reads no types hands the sources to the newer Node of the clone, or says to build', async (t) => {
    const handed = await launch(t, { ...SOURCE, ...CLONE_NODE }, { preload: NODE_WITHOUT_TYPES })
    assert.deepEqual([handed.status, handed.stdout], [0, '[[],"64"] source'])
    const refused = await launch(t, SOURCE, { preload: NODE_WITHOUT_TYPES })
    assert.equal(refused.status, 78)
    assert.match(refused.stderr, /^Holt is not built here\. Run "npm install && npm run build" in .*\.\n$/)
  })
})

describe('the launcher on an older Node', () => {
  it('says one sentence and ends with 78', async (t) => {
    const { status, stdout, stderr } = await launch(t, BUILT, { preload: OLD_NODE })
    assert.deepEqual([status, stdout], [78, ''])
    assert.equal(stderr, 'Holt needs Node 22 or newer, and this is v20.20.2. Install a newer Node and try again.\n')
  })

  it('hands over to the newer Node of the clone', async (t) => {
    const program = `process.stdout.write(process.env.HOLT_BY_CLONE + JSON.stringify(process.argv.slice(2)))\nprocess.exitCode = 3`
    const tree = { ...BUILT, ...CLONE_NODE, 'dist/cli/main.js': program }
    const outcome = await launch(t, tree, { preload: OLD_NODE, args: ['status', '--json'] })
    assert.deepEqual(outcome, { status: 3, signal: null, stdout: 'yes["status","--json"]', stderr: '' })
  })

  it('passes a signal on, and ends as the program did', async (t) => {
    const waits = `setTimeout(() => {}, 60_000); process.on('SIGTERM', () => { process.stdout.write(' told'); process.exit(7) }); process.stdout.write('up')`
    const tree = { ...BUILT, ...CLONE_NODE, 'dist/cli/main.js': waits }
    assert.deepEqual(await launch(t, tree, { preload: OLD_NODE, kill: 'SIGTERM' }), {
      ...{ status: 7, signal: null, stdout: 'up told', stderr: '' },
    })
    const dies = { ...tree, 'dist/cli/main.js': `setTimeout(() => {}, 60_000); process.stdout.write('up')` }
    assert.equal((await launch(t, dies, { preload: OLD_NODE, kill: 'SIGHUP' })).signal, 'SIGHUP')
  })
})

interface LaunchOptions {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** A module that runs before the launcher. */
  readonly preload?: string
  /** Sent once the program has written something. */
  readonly kill?: NodeJS.Signals
  readonly isLinked?: boolean
}

async function launch(
  t: { after(f: () => Promise<void>): void },
  tree: Tree,
  options: LaunchOptions = {},
): Promise<Outcome> {
  const root = await mkdtemp(join(tmpdir(), 'holt-launcher-'))
  t.after(() => rm(root, { recursive: true }))
  const launcher = await plant(root, tree, options.isLinked ?? false)
  const preload = join(root, 'preload.cjs')
  await writeFile(preload, options.preload ?? '')
  const env = { ...process.env, UV_THREADPOOL_SIZE: '', ...options.env }
  const child = spawn(process.execPath, ['-r', preload, launcher, ...(options.args ?? [])], {
    ...{ env, stdio: ['ignore', 'pipe', 'pipe'] },
  })
  const { kill } = options
  if (kill !== undefined) child.stdout.once('data', () => void child.kill(kill))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { status: child.exitCode, signal: child.signalCode, stdout, stderr: withoutWarnings(stderr) }
}

/** Writes the tree and the launcher; returns the path to start it by. */
async function plant(root: string, tree: Tree, isLinked: boolean): Promise<string> {
  for (const [path, content] of Object.entries(tree)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
    if (path.endsWith('/node')) await chmod(join(root, path), 0o755)
  }
  const launcher = join(root, 'cli', 'launcher.cjs')
  await mkdir(dirname(launcher), { recursive: true })
  await copyFile(LAUNCHER, launcher)
  if (!isLinked) return launcher
  const link = join(root, 'holt')
  await symlink(launcher, link)
  return link
}

/** Some versions of Node warn that they read types. */
function withoutWarnings(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => !/^\(node:\d+\)|^\(Use `node/.test(line))
    .join('\n')
}

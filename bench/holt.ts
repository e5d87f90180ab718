/** Holt: two daemons with default settings over loopback, from the built program. */

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import type { Contender } from './contender.ts'
import { peakRssMib, until } from './contender.ts'

const DIST = new URL('../dist', import.meta.url).pathname

interface Side {
  readonly home: string
  readonly root: string
  readonly daemon: ChildProcess
}

export async function startHolt(directory: string): Promise<Contender> {
  const sides = await Promise.all(['a', 'b'].map((name) => startSide(join(directory, name))))
  const [a, b] = sides
  if (a === undefined || b === undefined) throw new Error('two sides were started')
  await pair(a, b)
  await holt(a, 'add', a.root, '--name', 'Bench')
  await holt(b, 'accept', 'Bench', b.root, '--yes')
  await until(async () => (await folderOf(a)).state === 'in-sync' && (await folderOf(b)).state === 'in-sync', 100)
  return {
    name: 'Holt',
    version: versionOf(),
    here: a.root,
    there: b.root,
    settled: async (files) => {
      await until(async () => {
        const there = await folderOf(b)
        if (there.files !== files || there.state !== 'in-sync') return false
        const here = await folderOf(a)
        return here.files === files && here.digest === there.digest
      }, 10)
    },
    rssMib: () => sides.map(({ daemon }) => peakRssMib(daemon.pid ?? 0)),
    [Symbol.asyncDispose]: async () => {
      for (const { daemon } of sides) {
        daemon.kill('SIGTERM')
        if (daemon.exitCode === null) await once(daemon, 'exit')
      }
    },
  }
}

async function startSide(directory: string): Promise<Side> {
  const side = { home: join(directory, 'home'), root: join(directory, 'files') }
  mkdirSync(side.root, { recursive: true })
  const environment = { ...process.env, HOLT_HOME: side.home, UV_THREADPOOL_SIZE: '16' }
  const daemon = spawn(process.execPath, [join(DIST, 'daemon/main.js')], { env: environment, stdio: 'ignore' })
  const started = { ...side, daemon }
  await until(async () => (await get(started, '/daemon').catch(() => undefined)) !== undefined, 50)
  return started
}

async function pair(a: Side, b: Side): Promise<void> {
  const showing = spawn(process.execPath, [join(DIST, 'cli/main.js'), 'pair'], {
    env: { ...process.env, HOLT_HOME: a.home },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let code = ''
  for await (const bytes of showing.stdout) {
    code += String(bytes)
    if (code.includes('\n')) break
  }
  await holt(b, 'pair', code.split('\n')[0] ?? '')
  if (showing.exitCode === null) await once(showing, 'close')
}

async function holt(side: Side, ...words: string[]): Promise<void> {
  const cli = spawn(process.execPath, [join(DIST, 'cli/main.js'), ...words], {
    env: { ...process.env, HOLT_HOME: side.home },
    stdio: 'ignore',
  })
  await once(cli, 'close')
  if (cli.exitCode !== 0) throw new Error(`holt ${words.join(' ')} ended with ${cli.exitCode}`)
}

async function folderOf(side: Side): Promise<{ files: number; state: string; digest: string }> {
  const { folders } = (await get(side, '/folders')) as {
    folders: { held: { files: number }; state: { kind: string }; digest: string }[]
  }
  const [folder] = folders
  return { files: folder?.held.files ?? 0, state: folder?.state.kind ?? 'none', digest: folder?.digest ?? '' }
}

function get(side: Side, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { socketPath: join(side.home, 'run/api.sock'), path: `/api/v1${path}`, agent: false },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (part: string) => (text += part))
        answer.on('end', () => (answer.statusCode === 200 ? resolve(JSON.parse(text)) : reject(new Error(text))))
      },
    )
    asked.on('error', reject)
    asked.end()
  })
}

function versionOf(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return /"version": "([^"]+)"/.exec(text)?.[1] ?? 'unknown'
}

/** Syncthing with its default settings, but for what would leave this machine: discovery, relays and reports are off. */

import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../test/free-port.ts'
import type { Contender } from './contender.ts'
import { installed, peakRssMib, until } from './contender.ts'

const KEY = 'bench'

interface Side {
  readonly root: string
  readonly gui: string
  readonly listen: string
  readonly id: string
  readonly process: ChildProcess
}

export async function startSyncthing(directory: string): Promise<Contender | undefined> {
  const version = installed('syncthing', '--version')
  if (version === undefined) return undefined
  const [a, b] = [await startSide(join(directory, 'a')), await startSide(join(directory, 'b'))]
  await introduce(a, b)
  await introduce(b, a)
  await until(async () => {
    const { connections } = (await call(a, 'GET', '/rest/system/connections')) as {
      connections: Record<string, { connected: boolean }>
    }
    return connections[b.id]?.connected === true
  }, 100)
  return {
    name: 'Syncthing',
    version,
    here: a.root,
    there: b.root,
    settled: (files) => until(() => isSettled(a, b, files), 20),
    rssMib: () => [a, b].map((side) => peakRssMib(side.process.pid ?? 0)),
    [Symbol.asyncDispose]: async () => {
      for (const { process } of [a, b]) {
        process.kill('SIGTERM')
        if (process.exitCode === null) await once(process, 'exit')
      }
    },
  }
}

async function isSettled(a: Side, b: Side, files: number): Promise<boolean> {
  const status = (side: Side): Promise<{ localFiles: number; needFiles: number; state: string }> =>
    call(side, 'GET', '/rest/db/status?folder=bench') as Promise<{
      localFiles: number
      needFiles: number
      state: string
    }>
  const there = await status(b)
  if (there.localFiles !== files || there.needFiles > 0 || there.state !== 'idle') return false
  return (await status(a)).localFiles === files
}

async function startSide(directory: string): Promise<Side> {
  const home = join(directory, 'home')
  const root = join(directory, 'files')
  mkdirSync(root, { recursive: true })
  execFileSync('syncthing', ['generate', '--no-default-folder', '--skip-port-probing', '--home', home], {
    stdio: 'ignore',
  })
  const [guiPort, port] = [await freePort(), await freePort()]
  const gui = `127.0.0.1:${guiPort}`
  const started = spawn(
    'syncthing',
    [
      'serve',
      '--no-browser',
      '--no-restart',
      '--no-upgrade',
      '--home',
      home,
      `--gui-address=${gui}`,
      `--gui-apikey=${KEY}`,
    ],
    { stdio: 'ignore' },
  )
  const side = { root, gui, listen: `tcp://127.0.0.1:${port}`, id: '', process: started }
  await until(async () => (await call(side, 'GET', '/rest/system/ping').catch(() => undefined)) !== undefined, 100)
  const { myID } = (await call(side, 'GET', '/rest/system/status')) as { myID: string }
  await call(side, 'PATCH', '/rest/config/options', {
    listenAddresses: [side.listen],
    globalAnnounceEnabled: false,
    localAnnounceEnabled: false,
    relaysEnabled: false,
    natEnabled: false,
    crashReportingEnabled: false,
    urAccepted: -1,
    autoUpgradeIntervalH: 0,
  })
  return { ...side, id: myID }
}

async function introduce(side: Side, other: Side): Promise<void> {
  await call(side, 'POST', '/rest/config/devices', { deviceID: other.id, addresses: [other.listen] })
  const devices = [side.id, other.id].map((deviceID) => ({ deviceID }))
  await call(side, 'POST', '/rest/config/folders', { id: 'bench', path: side.root, devices })
}

async function call(side: Pick<Side, 'gui'>, method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(`http://${side.gui}${path}`, {
    method,
    headers: { 'X-API-Key': KEY },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${path}: ${text}`)
  return text === '' ? {} : JSON.parse(text)
}

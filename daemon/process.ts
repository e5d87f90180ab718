/** A daemon from start to end: environment, signals, exit status. */

import { readFileSync } from 'node:fs'
import { homedir, hostname } from 'node:os'
import { EXIT } from '../protocol/api/constants.ts'
import { writeCompiled } from './compile-cache.ts'
import { readConfig, resolveHome } from './config.ts'
import { writeCrashReport } from './crash-report.ts'
import { startDaemon } from './daemon.ts'
import { finishLeaving } from './daemon-opening.ts'
import { openHome } from './home.ts'
import { openLog } from './log.ts'

/** What a person can act on is a sentence; anything else is a crash with a report. */
const EXPECTED = ['HomeError', 'ConfigError', 'PeerError', 'HttpError', 'StateError', 'CatalogueError', 'GroupError']
const REFUSED = ['second-daemon', 'port-in-use', 'port-taken', 'home-exposed']

/** By then a first start is over: what it took is what the next ones take. */
const SETTLED_MS = 10_000

async function main(): Promise<void> {
  const machine = { platform: process.platform, homeDirectory: homedir(), hostName: hostname() }
  const path = resolveHome(process.env, machine)
  await using home = await openHome(path)
  const config = await readConfig(home.path, process.env, machine)
  await using log = openLog({
    directory: home.logDirectory,
    fileBytesMax: config.logMegabytes * 1024 * 1024,
    filesMax: config.logFiles,
    level: config.logLevel,
    wallMs: () => Date.now(),
  })
  const version = readVersion()
  const crash = (error: unknown): void => {
    const file = writeCrashReport(home.logDirectory, { wallMs: Date.now(), version, error, recent: log.recent() })
    process.stderr.write(`Holt has crashed: ${error instanceof Error ? error.message : String(error)}\n${file ?? ''}\n`)
  }
  process.on('uncaughtExceptionMonitor', crash)
  const signalled = new Promise<'stop'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve('stop'))
  })
  for (let how: 'stop' | 'leave' | 'renew' = 'renew'; how !== 'stop';) {
    {
      await using daemon = await startDaemon({ config, environment: process.env, version, log })
      log.event('daemon.started', { version, port: daemon.port, api: daemon.tcpAddress ?? 'off' })
      const settled = setTimeout(writeCompiled, SETTLED_MS).unref()
      how = await Promise.race([daemon.ended, signalled])
      clearTimeout(settled)
      log.event('daemon.ending', { how })
    }
    if (how === 'leave') await finishLeaving({ config })
  }
}

function readVersion(): string {
  for (const place of ['../package.json', '../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8')) as {
        name: string
        version: string
      }
      if (name === 'holt') return version
    } catch {
      continue
    }
  }
  return 'unknown'
}

function explain(error: unknown): number {
  if (!(error instanceof Error) || !EXPECTED.includes(error.name)) throw error
  const nextStep = 'nextStep' in error && typeof error.nextStep === 'string' ? ` ${error.nextStep}` : ''
  const code = 'code' in error ? String(error.code) : undefined
  process.stderr.write(`${error.message}${nextStep}${code === undefined ? '' : ` [${code}]`}\n`)
  return code !== undefined && REFUSED.includes(code) ? EXIT.refused : EXIT.failed
}

try {
  await main()
} catch (error) {
  process.exitCode = explain(error)
}

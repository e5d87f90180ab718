/** What the service asks of the machine: paths, logs, checks, and the support bundle. */

import { join } from 'node:path'
import type { BundlePart, Check, Config as ConfigView, LogRecord } from '../protocol/api/daemon.ts'
import type { FolderId } from '../protocol/ids.ts'
import type { Config, Environment } from './config.ts'
import { toConfigView } from './config-view.ts'
import { readCrashReports } from './crash-report.ts'
import type { DoctorFacts } from './doctor.ts'
import { machineChecks } from './doctor.ts'
import { LOG_DIRECTORY } from './home.ts'
import type { FileLog } from './log.ts'
import type { AbortOptions, Clock } from './ports.ts'

/** Log lines of a support bundle. */
const BUNDLE_LINES = 2000

export interface MachineParts<Facts, File, Save> {
  readonly config: Config
  readonly environment: Environment
  readonly version: string
  readonly log: FileLog
  readonly clock: Clock
  readonly homeDirectory: string
  readonly roots: () => DoctorFacts['roots']
  readonly createRoot: (path: string, folder: FolderId) => Promise<void>
  readonly inspect: (path: string) => Promise<Facts>
  readonly groupCopies: (path: string) => Promise<Uint8Array[]>
  readonly localFiles: (path: string, o: AbortOptions) => AsyncIterable<File>
  readonly saveFile: Save
}

/** The machine as the service sees it. */
export interface Machine<Facts, File, Save> extends Pick<
  MachineParts<Facts, File, Save>,
  'inspect' | 'groupCopies' | 'createRoot' | 'localFiles' | 'saveFile'
> {
  proposedPath(name: string): string
  checks(o: AbortOptions): Promise<Check[]>
  config(): Promise<ConfigView>
  readonly logDirectory: string
  logTail(limit: number): Promise<LogRecord[]>
  followLog(o: AbortOptions): AsyncIterable<LogRecord>
  bundle(o: AbortOptions): AsyncIterable<BundlePart>
}

export function createMachine<Facts, File, Save>(parts: MachineParts<Facts, File, Save>): Machine<Facts, File, Save> {
  const { config, environment, log, clock } = parts
  const logDirectory = join(config.home, LOG_DIRECTORY)
  const crashes = (): DoctorFacts['crashes'] => readCrashReports(logDirectory).map(({ report }) => report)
  const checks = () =>
    machineChecks({ home: config.home, roots: parts.roots(), crashes: crashes(), wallMs: clock.wallMs() })
  const tail = async (limit: number): Promise<LogRecord[]> => (await log.tail(limit)).map(toRecord)
  return {
    inspect: parts.inspect,
    groupCopies: parts.groupCopies,
    createRoot: parts.createRoot,
    localFiles: parts.localFiles,
    saveFile: parts.saveFile,
    proposedPath: (name: string) => join(parts.homeDirectory, name.replaceAll(/[/\\]/g, '-')),
    checks: (_: AbortOptions) => checks(),
    config: () => Promise.resolve(toConfigView(config, environment)),
    logDirectory,
    logTail: tail,
    followLog: async function* (o: AbortOptions): AsyncIterable<LogRecord> {
      for await (const line of log.follow(o)) yield toRecord(line)
    },
    bundle: async function* (_: AbortOptions): AsyncIterable<BundlePart> {
      const facts = { version: parts.version, node: process.version, platform: process.platform, arch: process.arch }
      yield { name: 'about.json', text: JSON.stringify(facts, null, 2) }
      yield { name: 'config.json', text: JSON.stringify(toConfigView(config, environment).settings, null, 2) }
      yield { name: 'doctor.json', text: JSON.stringify(await checks(), null, 2) }
      yield { name: 'crashes.json', text: JSON.stringify(crashes(), null, 2) }
      const lines = (await log.tail(BUNDLE_LINES)).map((line) => withoutPaths(line))
      yield { name: 'log.jsonl', text: lines.join('\n') }
    },
  }
}

/** A log line as `log.ts` writes it: time, event, fields. */
function toRecord(line: string): LogRecord {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value !== 'object' || value === null) throw new TypeError('no record')
    const { time, event, ...fields } = value as Record<string, LogRecord['fields'][string]>
    const atMs = Date.parse(String(time))
    return { atMs: Number.isNaN(atMs) ? 0 : atMs, name: String(event), fields }
  } catch {
    return { atMs: 0, name: 'log.unreadable', fields: { line } }
  }
}

/** Names of people's files are nobody's business. */
function withoutPaths(line: string): string {
  return line
    .replaceAll(/"path":"[^"]*"/g, '"path":"(left out)"')
    .replaceAll(/"cause":"[^"]*"/g, '"cause":"(left out)"')
}

/** One device of the demo: a home of its own, and the real command line in it. */

import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const LAUNCHER = fileURLToPath(new URL('../../cli/launcher.cjs', import.meta.url))
/** How long a device may take to stop before its process is ended. */
const STOP_MS = 10_000

export interface Ran {
  readonly status: number | null
  readonly stdout: string
}

export interface Asking {
  readonly stdin?: string
  /** Statuses that are right, too. */
  readonly mayEndWith?: readonly number[]
  /** Of the output, nothing is shown. */
  readonly isQuiet?: boolean
  /** Not even the command is: it was shown before. */
  readonly isRepeated?: boolean
}

export interface Device {
  readonly name: string
  /** Where its folder lies. */
  readonly folder: string
  /** Runs `holt WORDS`, and shows it and what it says. @throws Error when it ends otherwise than it may */
  holt(words: readonly string[], asking?: Asking): Promise<Ran>
  /** Starts `holt WORDS`, gives its first line, and lets it go on. */
  begin(words: readonly string[]): Promise<{ firstLine: string; ended: Promise<Ran> }>
  /** Stops the daemon, whatever state it is in. */
  stop(): Promise<void>
}

export interface DeviceOptions {
  readonly name: string
  readonly directory: string
  readonly signal: AbortSignal
  print(line: string): void
}

export function createDevice({ name, directory, signal, print }: DeviceOptions): Device {
  const home = join(directory, name, 'home')
  const environment = environmentOf(name, home)
  const start = (words: readonly string[]) =>
    spawn(process.execPath, [LAUNCHER, ...words], {
      cwd: directory,
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
      signal,
    })
  const announce = (words: readonly string[], stdin = ''): void => {
    const typed = stdin === '' ? '' : `echo ${stdin.trim()} | `
    print(`${name}$ ${typed}holt ${words.map(quote).join(' ')}`)
  }
  return {
    name,
    folder: join(directory, name, 'Album'),
    holt: async (words, { stdin = '', mayEndWith = [], isQuiet = false, isRepeated = false } = {}) => {
      if (!isRepeated) announce(words, stdin)
      const child = start(words)
      child.stdin.end(stdin)
      const ran = await watch(child, isQuiet ? () => undefined : print)
      if (ran.status === 0 || (ran.status !== null && mayEndWith.includes(ran.status))) return ran
      throw new Error(`holt ${words.join(' ')} on ${name} ended with ${String(ran.status)}`)
    },
    begin: async (words) => {
      announce(words)
      const child = start(words)
      child.stdin.end()
      const first = Promise.withResolvers<string>()
      let isFirst = true
      const ended = watch(child, (line) => {
        first.resolve(line.trim())
        // Both devices talk now: each line says whose it is.
        print(isFirst ? line : `  (${name}) ${line.trim()}`)
        isFirst = false
      })
      ended.then(() => first.reject(new Error(`holt ${words.join(' ')} on ${name} said nothing`)), first.reject)
      return { firstLine: await first.promise, ended }
    },
    stop: () => stop(home, environment),
  }
}

/** What tells this device from the other one on the same machine. */
export function environmentOf(name: string, home: string): Readonly<Record<string, string>> {
  return { HOLT_HOME: home, HOLT_DEVICE_NAME: name, HOLT_API_LISTEN: 'off' }
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>

/** Shows both of its streams, indented, and gives the result. */
async function watch(child: Child, print: (line: string) => void): Promise<Ran> {
  const lines: string[] = []
  const show = async (stream: Readable, isResult: boolean): Promise<void> => {
    for await (const line of createInterface({ input: stream })) {
      if (isResult) lines.push(line)
      print(line === '' ? '' : `  ${line}`)
    }
  }
  const closed = once(child, 'close')
  await Promise.all([show(child.stdout, true), show(child.stderr, false), closed])
  return { status: child.exitCode, stdout: lines.join('\n') }
}

/** Not tied to the demo's signal: this is what happens after it. */
async function stop(home: string, environment: Readonly<Record<string, string>>): Promise<void> {
  const pid = await readPid(join(home, 'daemon.pid'))
  if (pid === undefined) return
  // A process group of its own, so that a second Ctrl-C does not keep it from its work.
  const options = {
    env: { ...process.env, ...environment },
    stdio: 'ignore',
    detached: true,
    timeout: STOP_MS,
  } as const
  await once(spawn(process.execPath, [LAUNCHER, 'stop'], options), 'close')
  if ((await readPid(join(home, 'daemon.pid'))) === pid) process.kill(pid, 'SIGKILL')
}

async function readPid(file: string): Promise<number | undefined> {
  try {
    const pid = Number(await readFile(file, 'utf8'))
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw cause
  }
}

function quote(word: string): string {
  return /^[\w/.,:=-]+$/.test(word) ? word : `'${word}'`
}

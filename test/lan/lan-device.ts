/** A person's machine on the LAN: a home directory, a terminal, and `holt` on the path. Only its name is set; all else is default. */

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { Host } from './namespaces.ts'

const CLI = new URL('../../cli/main.ts', import.meta.url).pathname
const LOOK_MS = 100

/** A command at work, in a terminal of its own. */
export interface Running {
  /** What the terminal shows so far. */
  shown(): string
  type(line: string): void
  /** Resolves with the exit status and all that was shown. */
  readonly ended: Promise<{ readonly status: number | null; readonly shown: string }>
}

export class LanDevice implements AsyncDisposable {
  readonly name: string
  readonly host: Host
  /** The person's home directory; Holt's own lies where it does by default. */
  readonly home: string
  readonly #programs: string
  readonly #children = new Set<ChildProcess>()

  constructor(name: string, host: Host) {
    this.name = name
    this.host = host
    const directory = mkdtempSync(join(tmpdir(), `holt-lan-${name}-`))
    this.home = join(directory, 'ada')
    this.#programs = join(directory, 'bin')
    mkdirSync(this.home)
    mkdirSync(this.#programs)
    const program = join(this.#programs, 'holt')
    writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`)
    chmodSync(program, 0o755)
  }

  /** Types a command into a new terminal. */
  begin(command: string): Running {
    const [program, ...prefix] = this.host.prefix
    const child = spawn(program, [...prefix, 'script', '-qefc', command, '/dev/null'], {
      cwd: this.home,
      env: this.#environment(),
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#children.add(child)
    let shown = ''
    child.stdout.on('data', (bytes: Buffer) => (shown += bytes.toString()))
    const plain = (): string => stripVTControlCharacters(shown).replaceAll('\r\n', '\n')
    const closed = once(child, 'close').then(() => {
      this.#children.delete(child)
      return { status: child.exitCode, shown: plain() }
    })
    return { shown: plain, type: (line) => child.stdin.write(`${line}\n`), ended: closed }
  }

  /** Runs a command to its end. */
  async run(command: string): Promise<string> {
    return (await this.begin(command).ended).shown
  }

  /** @throws Error with what was shown, unless it ends with 0 */
  async mustRun(command: string): Promise<string> {
    const { status, shown } = await this.begin(command).ended
    if (status !== 0) throw new Error(`${this.name}$ ${command} ended with ${status}:\n${shown}`)
    return shown
  }

  path(...names: string[]): string {
    return join(this.home, ...names)
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true })
    writeFileSync(this.path(name), text)
  }

  /** The text of a file, or undefined where there is none. */
  read(name: string): string | undefined {
    return existsSync(this.path(name)) ? readFileSync(this.path(name), 'utf8') : undefined
  }

  /** Ends what still runs of it, the daemon too, and deletes its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL')
    const pid = Number(this.read('.local/share/holt/daemon.pid')?.trim())
    await this.run('holt stop').catch(() => undefined)
    if (Number.isSafeInteger(pid) && pid > 0 && isAlive(pid)) process.kill(pid, 'SIGKILL')
    rmSync(dirname(this.home), { recursive: true, force: true, maxRetries: 3 })
  }

  #environment(): NodeJS.ProcessEnv {
    const { LANG = 'C.UTF-8' } = process.env
    const path = [this.#programs, dirname(process.execPath), '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(':')
    return {
      ...{ HOME: this.home, PATH: path, LANG, TERM: 'xterm', COLUMNS: '120', NO_COLOR: '1', SHELL: '/bin/sh' },
      HOLT_DEVICE_NAME: this.name,
    }
  }
}

/** Polls until a condition holds. @throws Error after the time */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  patienceMs: number,
): Promise<number> {
  const startMs = performance.now()
  while (!(await holds())) {
    if (performance.now() - startMs > patienceMs) throw new Error(`not within ${patienceMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  return performance.now() - startMs
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

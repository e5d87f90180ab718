/** The daemon as a process of its own: started in the background, and found to answer, or not. */

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Daemon } from '../protocol/api/daemon.ts'
import { EXIT } from '../protocol/api/constants.ts'
import type { ExitStatus } from '../protocol/api/constants.ts'
import { HEAP_ENVIRONMENT, HEAP_FLAGS } from '../protocol/api/heap-flags.ts'
import { PID_FILE } from '../protocol/api/home-path.ts'
import { CliError, isCutOff, isProblem } from './cli-error.ts'
import type { CommandContext } from './command.ts'
import type { Home } from './home.ts'
import { poll, sayIfSlow } from './patience.ts'
import { t } from './text.ts'

const POLL_MS = 40
/** A catalogue that has to be recovered takes its time. */
const START_MS = 60_000
/** Until one that another command has started answers. */
const OTHER_START_MS = 10_000
const STOP_MS = 30_000
/** Until a service manager has started what it was told to. */
const SERVICE_MS = 20_000
/** When to say that it takes its time. */
const SLOW_START_MS = 3000
const SLOW_STOP_MS = 2000

type Needed = Pick<CommandContext, 'client' | 'home' | 'out' | 'signal' | 'world'>

/** Starts the daemon where it does not run, and says so. @throws CliError when it cannot be started */
export async function ensureDaemon(context: Needed): Promise<void> {
  if ((await findDaemon(context)) !== undefined) return
  const { pid } = await startDaemon(context)
  context.out.note(t`Started Holt in the background (process ${pid}).`)
}

/** The running daemon, if there is one; one that is just starting or stopping is waited for. */
export async function findDaemon({ client, signal }: Pick<Needed, 'client' | 'signal'>): Promise<Daemon | undefined> {
  const settled = await poll(() => ask(client, signal), { everyMs: POLL_MS, deadlineMs: START_MS, signal })
  return settled === 'silent' ? undefined : settled
}

/** A daemon that somebody else starts. Undefined when none has come in time. */
export async function waitForDaemon({
  client,
  signal,
}: Pick<Needed, 'client' | 'signal'>): Promise<Daemon | undefined> {
  const askReady = async (): Promise<Daemon | undefined> => {
    const answer = await ask(client, signal)
    return answer === 'silent' ? undefined : answer
  }
  return await poll(askReady, { everyMs: POLL_MS, deadlineMs: SERVICE_MS, signal })
}

/** Undefined where it answers that it is not ready. */
async function ask(client: Needed['client'], signal: AbortSignal): Promise<Daemon | 'silent' | undefined> {
  try {
    return await client.call('getDaemon', {}, { signal })
  } catch (error) {
    if (error instanceof CliError && error.code === EXIT.daemonNotRunning) return 'silent'
    if (isProblem(error, 'starting', 'stopping') || isCutOff(error)) return undefined
    throw error
  }
}

/** Resolves when it answers. @throws CliError with what it said when it ends instead */
export async function startDaemon(context: Needed): Promise<Daemon> {
  const { out, signal, world } = context
  const directory = mkdtempSync(join(world.temporaryDirectory, 'holt-start-'))
  const file = join(directory, 'output.txt')
  try {
    const child = spawnDetached(context, file)
    const started = poll(() => lookAfter(context, child, file), { everyMs: POLL_MS, deadlineMs: START_MS, signal })
    const daemon = await sayIfSlow(out, t`Starting Holt …`, started, SLOW_START_MS)
    child.process.unref()
    if (daemon === undefined) throw cannotStart(`It does not answer after ${START_MS / 1000} seconds.`, null)
    return daemon
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Asks the daemon to stop and resolves when it is gone. Undefined where none runs. @throws CliError when it goes on */
export async function stopDaemon(context: Needed): Promise<Daemon | undefined> {
  const { out, signal } = context
  const daemon = await findDaemon(context)
  if (daemon === undefined) return undefined
  const { pid } = daemon
  await shutDown(context)
  const askGone = async (): Promise<true | undefined> => ((await isGone(context, pid)) ? true : undefined)
  const gone = poll(askGone, { everyMs: POLL_MS, deadlineMs: STOP_MS, signal })
  if ((await sayIfSlow(out, t`Waiting for Holt to finish …`, gone, SLOW_STOP_MS)) === undefined) {
    throw new CliError(EXIT.failed, `Holt (process ${pid}) does not stop after ${STOP_MS / 1000} seconds.`, {
      nextStep: `See what keeps it busy: holt logs. To end it at once: kill -9 ${pid}`,
    })
  }
  return daemon
}

async function shutDown({ client, signal }: Needed): Promise<void> {
  try {
    await client.call('shutDown', {}, { signal })
  } catch (error) {
    // Somebody else has stopped it at the same moment.
    if (!isCutOff(error) && !isProblem(error, 'stopping')) throw error
  }
}

/** Its socket is silent, or another one's, and its process has ended: only then may another one have its home. */
async function isGone({ client, signal }: Needed, pid: number): Promise<boolean> {
  const answer = await ask(client, signal)
  if (answer === undefined || (answer !== 'silent' && answer.pid === pid)) return false
  return !hasProcess(pid)
}

function hasProcess(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (cause) {
    // ESRCH: no such process; EPERM: a number that somebody else's process has now.
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ESRCH' || cause.code === 'EPERM')) return false
    throw cause
  }
}

interface Started {
  readonly process: ChildProcess
  /** Why there is no process at all. */
  readonly failure: () => Error | undefined
  readonly msSinceEnd: () => number
}

/** Its output goes to a file that is removed once it answers: a pipe would break when this process ends. */
function spawnDetached({ home, world }: Needed, file: string): Started {
  const [interpreter, entry] = world.daemonProgram
  const output = openSync(file, 'wx', 0o600)
  try {
    const child = spawn(interpreter, [...HEAP_FLAGS, entry], {
      // A daemon in the directory where it happened to be started would keep that disk from being unmounted.
      cwd: world.homeDirectory,
      detached: true,
      env: { ...HEAP_ENVIRONMENT, ...world.environment, HOLT_HOME: home.path },
      stdio: ['ignore', output, output],
      windowsHide: true,
    })
    let failure: Error | undefined
    let endMs = Infinity
    child.once('error', (error) => (failure = error))
    child.once('exit', () => (endMs = performance.now()))
    return { process: child, failure: () => failure, msSinceEnd: () => performance.now() - endMs }
  } finally {
    closeSync(output)
  }
}

async function lookAfter(context: Needed, child: Started, file: string): Promise<Daemon | undefined> {
  const failure = child.failure()
  if (failure !== undefined) throw cannotStart(failure.message, null)
  const { exitCode, signalCode } = child.process
  const hasEnded = exitCode !== null || signalCode !== null
  const answer = await ask(context.client, context.signal)
  // While another one answers, this one is on its way out: one that is slow to begin would take the home once that one stops.
  if (answer !== 'silent') return hasEnded || answer?.pid === child.process.pid ? answer : undefined
  if (!hasEnded) return undefined
  // Another command has started one at the same moment: that one has the home, and will answer.
  if (child.msSinceEnd() < OTHER_START_MS && isHeld(context.home, child.process.pid)) return undefined
  const said = readFileSync(file, 'utf8').trim()
  throw cannotStart(said === '' ? `It ended with ${signalCode ?? `status ${exitCode ?? 0}`}.` : said, exitCode)
}

/** Whether a living process other than that one says that it has the home. */
function isHeld({ path }: Home, pid: number | undefined): boolean {
  const holder = Number(readIfThere(join(path, PID_FILE)))
  return Number.isSafeInteger(holder) && holder > 0 && holder !== pid && hasProcess(holder)
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return ''
    throw cause
  }
}

function cannotStart(reason: string, status: number | null): CliError {
  const known: readonly ExitStatus[] = Object.values(EXIT)
  const code = known.find((each) => each === status && each !== EXIT.ok) ?? EXIT.failed
  return new CliError(code, `Holt could not be started. ${reason}`)
}

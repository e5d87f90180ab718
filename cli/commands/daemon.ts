/** `holt daemon`: the daemon in the foreground, whose output and whose end are this command's. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { ExitStatus } from '../../protocol/api/constants.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'

/** What a service manager sends to this process alone. */
const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export async function runDaemon({ home, world }: CommandContext): Promise<ExitStatus> {
  const [interpreter, entry] = world.daemonProgram
  const child = spawn(interpreter, [entry], {
    env: { ...world.environment, HOLT_HOME: home.path },
    stdio: 'inherit',
  })
  const passOn = (signal: NodeJS.Signals): void => {
    // A terminal sends Ctrl-C to every process in its foreground, so the daemon has it already.
    if (signal !== 'SIGINT' || world.stdin.isTTY !== true) child.kill(signal)
  }
  for (const signal of PASSED_ON) process.on(signal, passOn)
  try {
    await once(child, 'exit')
  } catch (cause) {
    throw new CliError(EXIT.failed, `The daemon could not be started: ${String(cause)}`, { cause })
  } finally {
    for (const signal of PASSED_ON) process.off(signal, passOn)
  }
  return toStatus(child.exitCode)
}

function toStatus(status: number | null): ExitStatus {
  const known: readonly ExitStatus[] = Object.values(EXIT)
  return known.find((each) => each === status) ?? EXIT.failed
}

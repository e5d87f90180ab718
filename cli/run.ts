/** From the words of a command line to an exit status. */

import type { ExitStatus } from '../protocol/api/constants.ts'
import { EXIT } from '../protocol/api/constants.ts'
import { nearestName } from '../protocol/nearest-name.ts'
import { CliError } from './cli-error.ts'
import { createClient } from './client.ts'
import type { Command } from './command.ts'
import { nameOf } from './command.ts'
import { COMMANDS, findCommand } from './commands.ts'
import { findHome } from './home.ts'
import type { Output } from './output.ts'
import { createOutput } from './output.ts'
import { styled, t } from './text.ts'
import type { World } from './world.ts'

/** Never throws. What went wrong is told on stderr. */
export async function runCli(world: World): Promise<ExitStatus> {
  const out = createOutput(world)
  try {
    return await dispatch(world, out)
  } catch (error) {
    if (world.interrupted.aborted) return EXIT.interrupted
    return tell(error, out)
  }
}

async function dispatch(world: World, out: Output): Promise<ExitStatus> {
  const words = normalise(world.words)
  const found = findCommand(words)
  if (found !== undefined) return await runCommand(found.command, found.rest, world, out)
  const [first = '--help', second] = words
  const isFamily = COMMANDS.some(({ name }) => name.length > 1 && name[0] === first)
  if (first === '--version' || first === '-V') return await showVersion(out)
  if (first === '--help' || first === '-h') return await showHelp(out)
  if (isFamily && (second === undefined || second === '--help' || second === '-h')) return await showHelp(out, first)
  throw unknownCommand(words)
}

/** `holt help folder pause` is `holt folder pause --help`, and `holt --json status` is `holt status --json`. */
function normalise(words: readonly string[]): readonly string[] {
  const [first, ...rest] = words
  if (first === 'help') return [...rest, '--help']
  if (first === '--json' && rest.length > 0) return [...rest, '--json']
  return words
}

async function runCommand(command: Command, rest: readonly string[], world: World, out: Output): Promise<ExitStatus> {
  const { asksForHelp, parseArguments } = await import('./arguments.ts')
  if (asksForHelp(rest)) {
    const { renderHelp } = await import('./help.ts')
    for (const line of renderHelp(command)) out.line(line)
    return EXIT.ok
  }
  const args = await parseArguments(command, rest)
  const home = findHome(world)
  const context = { args, out, home, world, client: createClient(home), signal: world.interrupted }
  if (command.daemon === 'started') {
    const { ensureDaemon } = await import('./daemon-process.ts')
    await ensureDaemon(context)
  }
  const run = await command.load()
  return (await run(context)) ?? EXIT.ok
}

async function showHelp(out: Output, family?: string): Promise<ExitStatus> {
  const { renderFamily, renderOverview } = await import('./help.ts')
  for (const line of family === undefined ? renderOverview() : renderFamily(family)) out.line(line)
  return EXIT.ok
}

async function showVersion(out: Output): Promise<ExitStatus> {
  const { readVersion } = await import('./version.ts')
  out.line(t`holt ${await readVersion()}`)
  return EXIT.ok
}

function unknownCommand(words: readonly string[]): CliError {
  const typed = words.filter((word) => !word.startsWith('-')).slice(0, 2)
  const known = COMMANDS.filter(({ isHidden }) => isHidden !== true).map(nameOf)
  const nearest = nearestName(typed.join(' '), known) ?? nearestName(typed[0] ?? '', known)
  const nextStep = nearest === undefined ? 'See what there is: holt --help' : `Did you mean: holt ${nearest}`
  return new CliError(EXIT.usage, `There is no command "${typed.join(' ')}".`, { nextStep })
}

function tell(error: unknown, out: Output): ExitStatus {
  if (error instanceof CliError) {
    const code = error.problem === undefined ? t`` : t` ${styled('dim', `[${error.problem}]`)}`
    out.note(t`${styled('red', 'holt:')} ${error.message}${code}`)
    if (error.nextStep !== undefined) out.note(t`${error.nextStep}`)
    return error.code
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  out.note(t`${styled('red', 'holt:')} Something went wrong that should not happen:`)
  for (const line of message.split('\n')) out.note(t`${line}`)
  return EXIT.failed
}

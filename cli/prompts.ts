/** Questions to a person, on stderr. Only where somebody sits in front of both ends: elsewhere a command refuses instead. */

import { EXIT } from '../protocol/api/constants.ts'
import { CliError } from './cli-error.ts'
import type { CommandContext } from './command.ts'
import type { Text } from './text.ts'
import { plainOf } from './text.ts'
import type { World } from './world.ts'

type Asking = Pick<CommandContext, 'world' | 'signal'>

export interface Choice<T extends string> {
  readonly value: T
  readonly label: Text
}

export function canAsk({ stdin, stderr }: World): boolean {
  return stdin.isTTY === true && stderr.isTTY === true
}

/** @throws CliError `interrupted` on Ctrl-C */
export async function confirm(asking: Asking, question: Text, isLikely: boolean): Promise<boolean> {
  const prompts = await import('@clack/prompts')
  const answer = await prompts.confirm({ message: plainOf(question), initialValue: isLikely, ...ends(asking) })
  if (prompts.isCancel(answer)) throw interrupted()
  return answer
}

/** @throws CliError `interrupted` on Ctrl-C */
export async function choose<T extends string>(
  asking: Asking,
  question: Text,
  choices: readonly Choice<T>[],
): Promise<T> {
  const prompts = await import('@clack/prompts')
  const options = choices.map(({ value, label }) => ({ value, label: plainOf(label) }))
  const answer = await prompts.select<string>({ message: plainOf(question), options, ...ends(asking) })
  const chosen = choices.find(({ value }) => value === answer)
  if (chosen === undefined) throw interrupted()
  return chosen.value
}

function ends({ world, signal }: Asking) {
  return { input: world.stdin, output: world.stderr, signal, withGuide: false }
}

function interrupted(): CliError {
  return new CliError(EXIT.interrupted, 'Nothing was changed.')
}

/** A pairing code as a person gives it: checked before anything is dialled. */

import { EXIT } from '../protocol/api/constants.ts'
import { CliError, usageError } from './cli-error.ts'
import type { CommandContext } from './command.ts'
import { canAsk } from './prompts.ts'
import { styled, t } from './text.ts'
import { readLines } from './typed-lines.ts'

/** As it is shown on the other device. @throws CliError `usage` with the word that was probably meant */
export async function checkCode(typed: string): Promise<string> {
  const { formatCode, parseCode } = await import('../protocol/pairing.ts')
  const parsed = parseCode(typed)
  if (parsed.kind === 'not-a-code') throw usageError(parsed.message)
  return formatCode(parsed.code)
}

/** Asks until it is a code; of a pipe, takes the first line. @throws CliError `usage` where there is none */
export async function askCode({ out, signal, world }: CommandContext): Promise<string> {
  const isAsking = canAsk(world)
  if (isAsking) out.note(t`Type the code that the other device shows:`)
  using lines = readLines(world.stdin, signal)
  for await (const line of lines) {
    if (line.trim() === '') continue
    if (!isAsking) return await checkCode(line)
    const code = await tryCode(line, out)
    if (code !== undefined) return code
  }
  signal.throwIfAborted()
  throw usageError('No code was given.', 'Type it, or give it on stdin: holt pair --join')
}

/** Each line until one is a code of another device. Undefined when there are no more. */
export async function waitForCode(
  lines: AsyncIterable<string>,
  own: string,
  out: CommandContext['out'],
): Promise<string | undefined> {
  for await (const line of lines) {
    const code = line.trim() === '' ? undefined : await tryCode(line, out)
    if (code !== undefined && code !== own) return code
    if (code === own) out.note(t`That is the code of this device. Type it on the other one, or the other one's here:`)
  }
  return undefined
}

async function tryCode(line: string, out: CommandContext['out']): Promise<string | undefined> {
  try {
    return await checkCode(line)
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== EXIT.usage) throw error
    out.note(t`${styled('yellow', error.message)} Try again:`)
    return undefined
  }
}

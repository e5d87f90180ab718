/** Recovery words as a person gives them: on the terminal or by stdin, never as arguments, which others can see. */

import { usageError } from './cli-error.ts'
import type { CommandContext } from './command.ts'
import { canAsk } from './prompts.ts'
import { styled, t } from './text.ts'
import { readLines } from './typed-lines.ts'

/** Asks until they belong together; of a pipe, takes the first twelve, on one line or several. @throws CliError `usage` */
export async function askWords({
  out,
  signal,
  world,
}: Pick<CommandContext, 'out' | 'signal' | 'world'>): Promise<string> {
  const { parseRecoveryWords } = await import('../protocol/recovery.ts')
  const isAsking = canAsk(world)
  if (isAsking) out.note(t`Type the twelve recovery words:`)
  let typed = ''
  let message = 'No words were given.'
  using lines = readLines(world.stdin, signal)
  for await (const line of lines) {
    typed = `${typed} ${line}`.trim()
    if (typed === '') continue
    const parsed = parseRecoveryWords(typed)
    if (parsed.kind === 'words') return parsed.words
    message = parsed.message
    if (parsed.isShort) continue
    if (!isAsking) break
    out.note(t`${styled('yellow', message)} Type all twelve again:`)
    typed = ''
  }
  signal.throwIfAborted()
  throw usageError(message, 'Type the words, or give them on stdin; they are never arguments.')
}

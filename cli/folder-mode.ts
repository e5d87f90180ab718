/** The mode that a person typed. */

import type { Mode } from '../protocol/api/folders.ts'
import { nearestName } from '../protocol/nearest-name.ts'
import { usageError } from './cli-error.ts'
import type { CommandContext } from './command.ts'

const MODES: readonly Mode[] = ['send-receive', 'send-only', 'receive-only', 'receive-archive']

/** Nothing where no `--mode` was given. @throws CliError `usage` */
export function givenMode({ args }: Pick<CommandContext, 'args'>): { readonly mode?: Mode } {
  const text = args.value('mode')
  if (text === undefined) return {}
  const mode = MODES.find((each) => each === text)
  if (mode !== undefined) return { mode }
  const nearest = nearestName(text, MODES)
  const guess = nearest === undefined ? `It is ${MODES.join(', ')}.` : `Did you mean ${nearest}?`
  throw usageError(`"${text}" is no mode. ${guess}`)
}

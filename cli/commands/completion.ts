/** `holt completion` */

import { usageError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { COMPLETION_SCRIPTS, SHELLS } from '../completion-scripts.ts'

export async function runCompletion({ args, out }: CommandContext): Promise<undefined> {
  const wanted = args.required('SHELL')
  const shell = SHELLS.find((each) => each === wanted)
  if (shell === undefined)
    throw usageError(`There is no completion for "${wanted}".`, `Choose one of: ${SHELLS.join(', ')}`)
  out.raw(COMPLETION_SCRIPTS[shell])
}

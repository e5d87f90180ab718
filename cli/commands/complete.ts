/** `holt complete`: what the completion scripts ask. It never says that anything is wrong: a person is typing. */

import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { findCandidates } from '../completion.ts'
import { PATH_WORD } from '../completion-scripts.ts'
import { clean, t } from '../text.ts'

/** Longer than this, and it disturbs more than it helps. */
const ASK_MS = 1000

export async function runComplete(context: CommandContext): Promise<undefined> {
  const words = context.world.words.slice(context.world.words.indexOf('--') + 1)
  const found = findCandidates(words)
  if (found.kind === 'path') context.out.line(t`${PATH_WORD}`)
  else
    for (const word of found.kind === 'words' ? found.words : await readNames(context, found.kind, words.at(-1)))
      context.out.line(t`${word}`)
}

async function readNames({ client }: CommandContext, kind: 'folder' | 'device', partial = ''): Promise<string[]> {
  const signal = AbortSignal.timeout(ASK_MS)
  try {
    const items =
      kind === 'folder'
        ? (await client.call('listFolders', {}, { signal })).folders
        : (await client.call('listDevices', {}, { signal })).devices
    // A name that would have to be cleaned could not be typed as it is shown.
    return items.map(({ name }) => name).filter((name) => name.startsWith(partial) && clean(name) === name)
  } catch (error) {
    if (error instanceof CliError || signal.aborted) return []
    throw error
  }
}

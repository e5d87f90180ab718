/** `holt resolve` */

import { resolve } from 'node:path'
import { usageError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { styled, t } from '../text.ts'

const CHOICES = ['mine', 'theirs', 'both'] as const

export async function runResolve({ args, client, out, signal, world }: CommandContext): Promise<undefined> {
  const keep = CHOICES.find((choice) => choice === args.value('keep'))
  if (keep === undefined) throw usageError('Say what to keep: --keep mine, --keep theirs or --keep both.')
  const path = resolve(world.workingDirectory, args.required('PATH'))
  const found = await client.call('resolveConflict', { body: { path, keep } }, { signal })
  const name = t`${styled('bold', found.folderName)}: ${found.path}`
  if (found.isDone) out.line(t`${name} is settled, on all devices.`)
  else out.line(t`${name} will be settled once the chosen content has come from the device that has it.`)
}

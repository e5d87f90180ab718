/** `holt restore` */

import { resolve } from 'node:path'
import type { ExitStatus } from '../../protocol/api/constants.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import type { Restore } from '../../protocol/api/versions.ts'
import { broughtPhrase, leftLines } from '../brought-view.ts'
import { usageError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { parsePastTime } from '../past-time.ts'
import { styled, t } from '../text.ts'

export async function runRestore(context: CommandContext): Promise<ExitStatus> {
  const { args, client, out, signal } = context
  const restored = await client.call('restoreVersions', { body: requestOf(context) }, { signal })
  if (args.has('json')) out.json(restored)
  else {
    out.line(t`${styled('bold', restored.to)}: ${broughtPhrase(restored)} From ${restored.deviceName}.`)
    for (const line of leftLines(restored)) out.line(line)
  }
  return restored.leftCount > 0 ? EXIT.needsAttention : EXIT.ok
}

function requestOf({ args, world }: CommandContext): Restore {
  const path = resolve(world.workingDirectory, args.required('PATH'))
  const to = args.value('to')
  const overwrite = args.has('overwrite')
  if (overwrite && to === undefined) throw usageError('--overwrite is for what is at the path of --to.')
  const at = args.value('at')
  const atMs = at === undefined ? undefined : parsePastTime(at, Date.now())
  if (at !== undefined && atMs === undefined) {
    throw usageError(
      `"${at}" is no time in the past.`,
      'Such as: 2h, 3d, yesterday, 14:30, 2026-11-20, "2026-11-20 14:30"',
    )
  }
  return {
    path,
    overwrite,
    ...(atMs !== undefined && { atMs }),
    ...(to !== undefined && { to: resolve(world.workingDirectory, to) }),
  }
}

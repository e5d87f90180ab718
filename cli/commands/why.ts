/** `holt why` */

import { resolve } from 'node:path'
import type { ExitStatus } from '../../protocol/api/constants.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import type { CommandContext } from '../command.ts'
import { renderWhy } from '../why-view.ts'

export async function runWhy({ args, client, out, signal, world }: CommandContext): Promise<ExitStatus> {
  const path = resolve(world.workingDirectory, args.required('PATH'))
  const why = await client.call('explainPath', { query: { path } }, { signal })
  if (args.has('json')) out.json(why)
  else for (const line of renderWhy(why)) out.line(line)
  const isOpen = why.obstacles.some(({ state }) => state !== 'ignored')
  const isOpenBelow = (why.below?.first.length ?? 0) > 0
  return isOpen || isOpenBelow ? EXIT.needsAttention : EXIT.ok
}

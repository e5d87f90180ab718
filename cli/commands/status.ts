/** `holt status` */

import type { ExitStatus } from '../../protocol/api/constants.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import type { CommandContext } from '../command.ts'
import { needsAttention, renderStatus } from '../status-view.ts'

export async function runStatus({ args, client, out, signal, world }: CommandContext): Promise<ExitStatus> {
  const status = await client.call('getStatus', {}, { signal })
  const place = { homeDirectory: world.homeDirectory, nowMs: world.nowMs() }
  if (args.has('json')) out.json(status)
  else for (const line of renderStatus(status, place)) out.line(line)
  return needsAttention(status) ? EXIT.needsAttention : EXIT.ok
}

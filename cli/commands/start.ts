/** `holt start` */

import type { CommandContext } from '../command.ts'
import { findDaemon, startDaemon } from '../daemon-process.ts'
import { styled, t } from '../text.ts'

export async function runStart(context: CommandContext): Promise<undefined> {
  const { out, home } = context
  const running = await findDaemon(context)
  const { pid, name } = running ?? (await startDaemon(context))
  const what = running === undefined ? 'Holt runs now' : 'Holt already runs'
  out.line(t`${what}, as ${styled('bold', name)} (process ${pid}, data in ${home.path}).`)
}

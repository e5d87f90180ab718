/** `holt stop` */

import type { CommandContext } from '../command.ts'
import { stopDaemon } from '../daemon-process.ts'
import { t } from '../text.ts'

export async function runStop(context: CommandContext): Promise<undefined> {
  const daemon = await stopDaemon(context)
  context.out.line(daemon === undefined ? t`Holt was not running.` : t`Holt has stopped (process ${daemon.pid}).`)
}

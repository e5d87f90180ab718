/** `holt accept` */

import { resolve } from 'node:path'
import type { ExitStatus } from '../../protocol/api/constants.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import { isAgreed, preview, tellKept } from '../accept-flow.ts'
import type { CommandContext } from '../command.ts'
import { givenMode } from '../folder-mode.ts'
import { waitForSync } from '../sync-wait.ts'
import { t } from '../text.ts'

export async function runAccept(context: CommandContext): Promise<ExitStatus> {
  const { args, client, out, signal, world } = context
  const given = args.operand('PATH')
  const path = given === undefined ? undefined : resolve(world.workingDirectory, given)
  const found = await preview(context, { folder: args.required('FOLDER'), path })
  if (!(await isAgreed(context, found, given !== undefined))) {
    out.note(t`Nothing was changed.`)
    return EXIT.refused
  }
  const said = { params: { folder: found.folder }, body: { path: found.path, confirm: true, ...givenMode(context) } }
  const folder = await client.call('acceptFolder', said, { signal })
  tellKept(context, folder)
  return args.has('wait') ? await waitForSync(context, folder) : EXIT.ok
}

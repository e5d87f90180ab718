/** `holt uninstall`: leaves the group, removes service and state. Every file in a folder stays where it is. */

import { existsSync } from 'node:fs'
import { EXIT } from '../../protocol/api/constants.ts'
import type { ExitStatus } from '../../protocol/api/constants.ts'
import type { RemovedFolder } from '../../protocol/api/folders.ts'
import { CliError, isProblem } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { ensureDaemon, stopDaemon } from '../daemon-process.ts'
import { removeState } from '../home-removal.ts'
import { canAsk, confirm } from '../prompts.ts'
import { removeService } from '../service/carry-out.ts'
import { planService } from '../service/service.ts'
import { styled, t } from '../text.ts'

export async function runUninstall(context: CommandContext): Promise<ExitStatus> {
  const { home, out, world } = context
  if (!(await isWanted(context))) {
    out.note(t`Nothing was changed.`)
    return EXIT.refused
  }
  const kept = existsSync(home.path) ? await leave(context) : []
  if (await removeService(world, planService(world, home))) out.line(t`Holt does not start at login any more.`)
  await stopDaemon(context)
  const { isGone, left } = await removeState(home.path)
  if (isGone) out.line(t`Removed ${home.path}.`)
  else if (left.length > 0) out.line(t`${home.path} stays, because of what is not Holt's: ${left.join(', ')}`)
  tellKept(context, kept)
  return EXIT.ok
}

async function isWanted(context: CommandContext): Promise<boolean> {
  const { args, home, world } = context
  if (args.has('yes')) return true
  if (canAsk(world)) {
    const question = t`Leave the group, and remove the service and ${home.path}? Your files stay.`
    return await confirm(context, question, false)
  }
  throw new CliError(EXIT.refused, 'This takes the device out of its group and cannot be taken back.', {
    nextStep: 'To do it without being asked: holt uninstall --yes',
  })
}

/** The daemon does this, and is started for it. Where it cannot be, the rest is removed all the same. */
async function leave(context: CommandContext): Promise<RemovedFolder[]> {
  const { client, out, signal } = context
  try {
    await ensureDaemon(context)
    const { folders } = await client.call('listFolders', {}, { signal })
    const kept: RemovedFolder[] = []
    for (const { id, root } of folders) {
      if (root === null) continue
      const said = { params: { folder: id }, query: { everywhere: 'false' } } as const
      kept.push(await client.call('removeFolder', said, { signal }))
    }
    await leaveGroup(context)
    return kept
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    out.note(styled('yellow', `The group could not be left: ${error.message}`))
    out.note(t`On another device, run: holt device remove NAME`)
    return []
  }
}

async function leaveGroup({ client, out, signal }: CommandContext): Promise<void> {
  try {
    await client.call('leaveGroup', {}, { signal })
    out.line(t`Left the group.`)
  } catch (error) {
    if (!isProblem(error, 'already-alone')) throw error
  }
}

function tellKept({ out }: CommandContext, kept: readonly RemovedFolder[]): void {
  if (kept.length > 0) out.line(t`All files stay:`)
  for (const { name, root, versions } of kept) {
    out.line(t`  ${styled('bold', name)} in ${root ?? ''}`)
    if (versions !== null) out.line(t`    with earlier contents in ${versions}`)
  }
  out.note(t`To remove the program, too: npm uninstall -g holt`)
}

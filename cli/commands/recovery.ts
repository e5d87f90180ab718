/** `holt recovery show|status|use` */

import { resolve } from 'node:path'
import type { ExitStatus } from '../../protocol/api/constants.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import type { Recovered, Recovery } from '../../protocol/api/recovery.ts'
import { countOf, formatTime } from '../amounts.ts'
import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { canAsk, confirm } from '../prompts.ts'
import { shellWord } from '../../protocol/shell-word.ts'
import { styled, t } from '../text.ts'
import { askWords } from '../typed-words.ts'

/** The words alone are on stdout. They are forgotten only when a person says so. */
export async function runShow(context: CommandContext): Promise<undefined> {
  const { args, client, out, signal, world } = context
  if (args.has('written-down')) {
    await forget(context)
    return
  }
  const { words } = await client.call('showRecovery', {}, { signal })
  out.line(styled('bold', words))
  out.note(t`Write these twelve words down in this order, on paper. Whoever has them owns the group.`)
  const later = t`Holt keeps them until you say that they are written down: ${styled('bold', 'holt recovery show --written-down')}`
  if (canAsk(world) && (await confirm(context, t`Are they written down? Holt forgets them then.`, false))) {
    await forget(context)
  } else out.note(later)
}

export async function runStatus({ args, client, out, signal }: CommandContext): Promise<undefined> {
  const recovery = await client.call('getRecovery', {}, { signal })
  if (args.has('json')) out.json(recovery)
  else out.line(t`${sentenceOf(recovery)}`)
}

function sentenceOf({ kind, shownMs, forgottenMs, founder }: Recovery): string {
  switch (kind) {
    case 'elsewhere':
      return `The recovery words were made on ${founder}, when the group began. To see what became of them, run there: holt recovery status`
    case 'forgotten':
      return `The recovery words were shown and written down on ${formatTime(forgottenMs ?? 0)}. They are only where they were written down.`
    case 'kept':
      return shownMs === null
        ? 'Nobody has seen the recovery words of this group yet. To write them down: holt recovery show'
        : `The recovery words were shown on ${formatTime(shownMs)}, and are still kept here. When they are written down: holt recovery show --written-down`
  }
}

async function forget({ client, out, signal }: CommandContext): Promise<void> {
  await client.call('forgetRecovery', {}, { signal })
  out.note(t`Holt has forgotten the recovery words; they are only where they were written down.`)
}

export async function runUse(context: CommandContext): Promise<ExitStatus | undefined> {
  const { args, client, out, signal, world } = context
  const words = await askWords(context)
  const from = args.all('DIRECTORY').map((path) => resolve(world.workingDirectory, path))
  const use = (isConfirmed: boolean): Promise<Recovered> =>
    client.call('useRecovery', { body: { words, from, confirm: isConfirmed } }, { signal })
  const found = await use(args.has('yes'))
  if (found.kind === 'shown') {
    tellGroup(context, found)
    if (!(await isAgreed(context, found))) {
      out.note(t`Nothing was changed.`)
      return EXIT.refused
    }
    tellDone(context, await use(true), from)
  } else tellDone(context, found, from)
  return undefined
}

function tellGroup({ out }: CommandContext, { group, lastMs, devices, folders }: Recovered): void {
  const named = devices.map(({ name, role }) => (role === 'admin' ? name : `${name} (${role})`)).join(', ')
  out.note(
    t`These are the words of ${styled('bold', group.name)}. Its log ends on ${formatTime(lastMs)}; what came later is not known here.`,
  )
  out.note(t`Devices: ${named === '' ? 'none' : named}`)
  out.note(t`Folders: ${folders.length === 0 ? 'none' : folders.join(', ')}`)
}

/** @throws CliError `refused` where nobody can be asked */
async function isAgreed(context: CommandContext, { group }: Recovered): Promise<boolean> {
  if (canAsk(context.world)) return await confirm(context, t`Make this device an admin of ${group.name}?`, true)
  throw new CliError(EXIT.refused, `This makes the device an admin of "${group.name}".`, {
    nextStep: 'If that is the group, run the command again with --yes.',
  })
}

function tellDone(
  { out }: CommandContext,
  { kind, group, devices, folders }: Recovered,
  from: readonly string[],
): void {
  const name = styled('bold', group.name)
  if (kind === 'already') {
    out.line(t`This device is an admin of ${name} already.`)
    return
  }
  out.line(t`This device is an admin of ${name} again.`)
  if (kind !== 'restored') return
  out.note(t`${countOf(devices.length, 'device')} and ${countOf(folders.length, 'folder')} are in the group.`)
  for (const path of from)
    out.note(t`To go on with the files there, run: ${styled('bold', `holt add ${shellWord(path)}`)}`)
  out.note(t`For each device in other hands, run: ${styled('bold', 'holt device remove NAME --lost --words')}`)
}

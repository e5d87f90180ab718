/** `holt add` */

import { basename, resolve } from 'node:path'
import type { ExitStatus } from '../../protocol/api/constants.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import type { Folder } from '../../protocol/api/folders.ts'
import { isAgreed, preview, tellKept } from '../accept-flow.ts'
import { givenMode } from '../folder-mode.ts'
import { CliError, isProblem, usageError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { sayIfSlow } from '../patience.ts'
import { canAsk, choose } from '../prompts.ts'
import { shellWord } from '../../protocol/shell-word.ts'
import { waitForSync } from '../sync-wait.ts'
import { styled, t } from '../text.ts'

type IfOffered = 'refuse' | 'join' | 'new'

export async function runAdd(context: CommandContext): Promise<ExitStatus> {
  const { args, out } = context
  if (args.has('join') && args.has('new')) throw usageError('--join and --new exclude each other.')
  const added = await addOrAsk(context)
  if (added === undefined) {
    out.note(t`Nothing was changed.`)
    return EXIT.refused
  }
  return args.has('wait') ? await waitForSync(context, added) : EXIT.ok
}

async function addOrAsk(context: CommandContext): Promise<Folder | undefined> {
  const { args } = context
  if (args.has('join')) return await joinOrAdd(context)
  try {
    return await add(context, args.has('new') ? 'new' : 'refuse')
  } catch (error) {
    if (!isProblem(error, 'name-offered')) throw error
    return await askWhich(context, error)
  }
}

/** The group offers a folder of this name already, and only a person knows whether this is the same. */
async function askWhich(context: CommandContext, refusal: CliError): Promise<Folder | undefined> {
  const [path, name] = [pathOf(context), nameOf(context)]
  if (!canAsk(context.world)) {
    const again = `holt add ${shellWord(path)}`
    throw new CliError(EXIT.refused, refusal.message, {
      nextStep: `To keep that one in ${path}: ${again} --join. To make another of the same name: ${again} --new`,
      problem: 'name-offered',
    })
  }
  const which = await choose(context, t`The group already offers a folder called ${name}. What is ${path}?`, [
    { value: 'join', label: t`The same folder: keep ${name} here` },
    { value: 'new', label: t`Another folder, of the same name` },
    { value: 'neither', label: t`Change nothing` },
  ])
  if (which === 'neither') return undefined
  return which === 'join' ? await joinOrAdd(context) : await add(context, 'new')
}

/** Joins what is offered, after what `holt accept` would ask; where nothing of that name is offered, adds it. */
async function joinOrAdd(context: CommandContext): Promise<Folder | undefined> {
  try {
    return await add(context, 'join')
  } catch (error) {
    if (!isProblem(error, 'confirm-needed')) throw error
    const found = await preview(context, { folder: nameOf(context), path: pathOf(context) })
    return (await isAgreed(context, found, true)) ? await add(context, 'join', true) : undefined
  }
}

async function add(context: CommandContext, ifOffered: IfOffered, isConfirmed = false): Promise<Folder> {
  const { args, client, out, signal } = context
  const name = args.value('name')
  const body = {
    path: pathOf(context),
    ifOffered,
    confirm: isConfirmed,
    ...(name !== undefined && { name }),
    ...givenMode(context),
  }
  const folder = await sayIfSlow(out, t`Looking at ${body.path} …`, client.call('addFolder', { body }, { signal }))
  if (ifOffered === 'join') tellKept(context, folder)
  else tellShared(context, folder)
  return folder
}

function tellShared({ out }: CommandContext, { name, root }: Folder): void {
  out.line(t`${styled('bold', name)} is shared with the group, from ${root ?? 'no directory'}.`)
  out.note(t`On the other devices, run: ${styled('bold', `holt accept ${shellWord(name)}`)}`)
}

function pathOf({ args, world }: CommandContext): string {
  return resolve(world.workingDirectory, args.required('PATH'))
}

function nameOf(context: CommandContext): string {
  return context.args.value('name') ?? basename(pathOf(context))
}

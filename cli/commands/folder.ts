/** `holt approve`, `reject` and `folder pause|resume|move|remove` */

import { resolve } from 'node:path'
import type { JsonId } from '../client.ts'
import type { CommandContext } from '../command.ts'
import { shellWord } from '../../protocol/shell-word.ts'
import { styled, t } from '../text.ts'

type Plain = Extract<
  JsonId,
  'overrideFolder' | 'revertFolder' | 'approveFolder' | 'rejectFolder' | 'pauseFolder' | 'resumeFolder'
>

export async function runApprove(context: CommandContext): Promise<undefined> {
  const name = await change(context, 'approveFolder')
  context.out.line(t`${name} goes on, and does what it halted for. Earlier contents stay in .holt/versions.`)
}

export async function runReject(context: CommandContext): Promise<undefined> {
  const name = await change(context, 'rejectFolder')
  context.out.line(t`${name} goes on without it; what was deleted comes back on every device.`)
}

export async function runOverride(context: CommandContext): Promise<undefined> {
  const name = await change(context, 'overrideFolder')
  context.out.line(t`${name}: the other devices become as this one is. What they had stays in their .holt/versions.`)
}

export async function runRevert(context: CommandContext): Promise<undefined> {
  const name = await change(context, 'revertFolder')
  context.out.line(t`${name} becomes as the other devices have it. What was changed here stays in .holt/versions.`)
}

export async function runPause(context: CommandContext): Promise<undefined> {
  const name = await change(context, 'pauseFolder')
  context.out.line(t`${name} is paused. To go on: holt folder resume ${shellWord(context.args.required('FOLDER'))}`)
}

export async function runResume(context: CommandContext): Promise<undefined> {
  context.out.line(t`${await change(context, 'resumeFolder')} is synced again.`)
}

export async function runMove({ args, client, out, signal, world }: CommandContext): Promise<undefined> {
  const path = resolve(world.workingDirectory, args.required('NEWPATH'))
  const params = { folder: args.required('FOLDER') }
  const { name, root } = await client.call(
    'moveFolder',
    { params, body: { path, adopt: args.has('adopt') } },
    { signal },
  )
  out.line(t`${styled('bold', name)} is in ${root ?? path} now.`)
}

export async function runRemove({ args, client, out, signal }: CommandContext): Promise<undefined> {
  const isEverywhere = args.has('everywhere')
  const query = { everywhere: isEverywhere ? 'true' : 'false' } as const
  const params = { folder: args.required('FOLDER') }
  const { name, root, versions } = await client.call('removeFolder', { params, query }, { signal })
  const where = isEverywhere ? 'is withdrawn from the group' : 'is not synced on this device any more'
  out.line(t`${styled('bold', name)} ${where}.${root === null ? '' : ` Its files stay in ${root}.`}`)
  if (versions !== null) out.line(t`Earlier contents stay in ${versions}.`)
}

async function change({ args, client, signal }: CommandContext, id: Plain) {
  const { name } = await client.call(id, { params: { folder: args.required('FOLDER') } }, { signal })
  return styled('bold', name)
}

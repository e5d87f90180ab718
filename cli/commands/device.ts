/** `holt device rename|role|remove` */

import { formatTime } from '../amounts.ts'
import { usageError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { styled, t } from '../text.ts'
import { askWords } from '../typed-words.ts'

export async function runRename({ args, client, out, signal }: CommandContext): Promise<undefined> {
  const said = { params: { device: args.required('DEVICE') }, body: { name: args.required('NAME') } }
  const { name } = await client.call('renameDevice', said, { signal })
  out.line(t`This device is called ${styled('bold', name)} now.`)
}

export async function runRole({ args, client, out, signal }: CommandContext): Promise<undefined> {
  const wanted = args.required('ROLE')
  const role = (['admin', 'member'] as const).find((each) => each === wanted)
  if (role === undefined) throw usageError(`"${wanted}" is no role.`, 'It is one of: admin, member')
  const said = { params: { device: args.required('DEVICE') }, body: { role } }
  const { name } = await client.call('setDeviceRole', said, { signal })
  const means = role === 'admin' ? 'an admin now' : 'a member now: it removes no other device'
  out.line(t`${styled('bold', name)} is ${means}.`)
}

export async function runRemove(context: CommandContext): Promise<undefined> {
  const { args, client, out, signal } = context
  const params = { device: args.required('DEVICE') }
  const isLost = args.has('lost')
  if (args.has('words')) {
    await removeWithWords(context, params, isLost)
    return
  }
  if (args.value('since') !== undefined) throw usageError('--since goes with --words.')
  const query = { lost: isLost ? 'true' : 'false' } as const
  const { name } = await client.call('removeDevice', { params, query }, { signal })
  tellGone(out, name, isLost)
}

async function removeWithWords(context: CommandContext, params: { device: string }, lost: boolean): Promise<void> {
  const { args, client, out, signal } = context
  const since = args.value('since')
  const wantedMs = since === undefined ? null : parseTime(since)
  const body = { words: await askWords(context), lost, sinceMs: wantedMs }
  const { name, sinceMs } = await client.call('removeDeviceWithWords', { params, body }, { signal })
  tellGone(out, name, lost)
  if (sinceMs !== null) out.note(t`What it did to the group since ${formatTime(sinceMs)} counts no more.`)
}

function tellGone(out: CommandContext['out'], name: string, isLost: boolean): void {
  const as = isLost ? ' It is shown as lost from now on.' : ''
  out.line(t`${styled('bold', name)} is no longer in the group. What it holds, it keeps.${as}`)
}

/** As other commands print times, or any ISO 8601. @throws CliError `usage` */
function parseTime(text: string): number {
  const atMs = Date.parse(text.trim().replace(' ', 'T'))
  if (Number.isNaN(atMs) || atMs < 0) throw usageError(`"${text}" is no time.`, 'Write it as 2026-11-21 14:30.')
  return atMs
}

/** `holt device rename|remove` */

import type { CommandContext } from '../command.ts'
import { styled, t } from '../text.ts'

export async function runRename({ args, client, out, signal }: CommandContext): Promise<undefined> {
  const said = { params: { device: args.required('DEVICE') }, body: { name: args.required('NAME') } }
  const { name } = await client.call('renameDevice', said, { signal })
  out.line(t`This device is called ${styled('bold', name)} now.`)
}

export async function runRemove({ args, client, out, signal }: CommandContext): Promise<undefined> {
  const query = { lost: args.has('lost') ? 'true' : 'false' } as const
  const { name } = await client.call('removeDevice', { params: { device: args.required('DEVICE') }, query }, { signal })
  out.line(t`${styled('bold', name)} is no longer in the group. What it holds, it keeps.`)
}

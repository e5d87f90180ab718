/** `holt leave` */

import type { CommandContext } from '../command.ts'
import { styled, t } from '../text.ts'

export async function runLeave({ client, out, signal }: CommandContext): Promise<undefined> {
  const { group, kept } = await client.call('leaveGroup', {}, { signal })
  out.line(t`This device has left its group, and is alone in ${styled('bold', group.name)} now.`)
  if (kept.length > 0) out.line(t`All files stay:`)
  for (const { name, root } of kept) out.line(t`  ${styled('bold', name)} in ${root}`)
}

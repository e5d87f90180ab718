/** `holt config` */

import { toColumns } from '../columns.ts'
import type { CommandContext } from '../command.ts'
import { styled, t } from '../text.ts'

export async function runConfig({ args, client, out, signal }: CommandContext): Promise<undefined> {
  const config = await client.call('getConfig', {}, { signal })
  if (args.has('json')) {
    out.json(config)
    return
  }
  out.line(t`${config.file}`)
  out.line(t``)
  const rows = config.settings.map(({ key, value, source }) => [
    styled('bold', key),
    t`${Array.isArray(value) ? value.join(', ') : String(value ?? '–')}`,
    source === 'default' ? styled('dim', source) : styled('cyan', source),
  ])
  for (const line of toColumns(rows, '  ')) out.line(line)
}

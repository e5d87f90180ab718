/** `holt logs` */

import { PAGE_MAX } from '../../protocol/api/constants.ts'
import type { LogRecord } from '../../protocol/api/daemon.ts'
import { formatTime } from '../amounts.ts'
import { usageError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import type { Text } from '../text.ts'
import { joined, styled, t } from '../text.ts'

const LINES_DEFAULT = 50

export async function runLogs({ args, client, out, signal }: CommandContext): Promise<undefined> {
  const limit = args.number('lines') ?? LINES_DEFAULT
  if (limit > PAGE_MAX) throw usageError(`--lines takes at most ${PAGE_MAX}.`, 'The files hold more: holt logs -n 1')
  const show = (record: LogRecord): void => {
    if (args.has('json')) out.json(record)
    else out.line(renderRecord(record))
  }
  if (args.has('follow')) {
    for await (const record of client.stream('followLogs', { query: { limit } }, { signal })) show(record)
    return
  }
  const { directory, records } = await client.call('listLogs', { query: { limit } }, { signal })
  for (const record of records) show(record)
  if (!args.has('json')) out.note(styled('dim', t`The files are in ${directory}`))
}

function renderRecord({ atMs, name, fields }: LogRecord): Text {
  const pairs = Object.entries(fields).map(([key, value]) => t`${styled('dim', `${key}=`)}${String(value)}`)
  return joined([styled('dim', formatTime(atMs)), styled('bold', name), ...pairs], ' ')
}

/** `holt events` */

import { PAGE_MAX } from '../../protocol/api/constants.ts'
import type { Event } from '../../protocol/api/events.ts'
import type { CommandContext } from '../command.ts'
import { renderEvent } from '../event-view.ts'
import { t } from '../text.ts'

const LINES_DEFAULT = 50

export async function runEvents(context: CommandContext): Promise<undefined> {
  const { args, client, out, signal } = context
  const names = args.has('json') ? new Map<string, string>() : await readNames(context)
  const show = (event: Event): void => {
    if (args.has('json')) {
      out.json(event)
      return
    }
    if ('folder' in event && 'name' in event) names.set(event.folder, event.name)
    if ('device' in event && 'name' in event) names.set(event.device, event.name)
    out.line(renderEvent(event, names))
  }
  const { events, next } = await readNewest(context, args.number('lines') ?? LINES_DEFAULT)
  for (const event of events) show(event)
  if (!args.has('follow')) {
    if (events.length === 0 && !args.has('json')) out.note(t`Nothing has happened.`)
    return
  }
  for await (const event of client.stream('followEvents', { query: { after: next } }, { signal })) show(event)
}

/** The newest of those that are kept. */
async function readNewest({ args, client, signal }: CommandContext, count: number) {
  let events: Event[] = []
  let after = args.value('after')
  while (true) {
    const query = { limit: PAGE_MAX, ...(after !== undefined && { after }) }
    const page = await client.call('listEvents', { query }, { signal })
    events = [...events, ...page.events].slice(-count)
    after = page.next
    if (page.events.length < PAGE_MAX) return { events, next: page.next }
  }
}

async function readNames({ client, signal }: CommandContext): Promise<Map<string, string>> {
  const [{ folders }, { devices }] = await Promise.all([
    client.call('listFolders', {}, { signal }),
    client.call('listDevices', {}, { signal }),
  ])
  return new Map([...folders, ...devices].map(({ id, name }): [string, string] => [id, name]))
}

/** `holt ls` */

import type { EntriesQuery, Entry, EntryState } from '../../protocol/api/entries.ts'
import { PAGE_MAX } from '../../protocol/api/constants.ts'
import { formatBytes, formatTime } from '../amounts.ts'
import { usageError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { LS_STATES } from '../tables/look-commands.ts'
import type { Style, Text } from '../text.ts'
import { styled, t } from '../text.ts'
import { showFolders } from './folders.ts'

/** Of the longest state, `unreadable`; and of a size, `999 kB`. */
const STATE_WIDTH = 10
const SIZE_WIDTH = 7

export async function runLs(context: CommandContext): Promise<undefined> {
  const { args, out } = context
  const folder = args.operand('FOLDER')
  if (folder === undefined) {
    await showFolders(context)
    return
  }
  let count = 0
  for await (const entry of listAll(context, folder)) {
    count += 1
    if (args.has('json')) out.json(entry)
    else out.line(renderEntry(entry))
  }
  if (count === 0 && !args.has('json')) out.note(t`Nothing.`)
}

async function* listAll({ args, client, signal }: CommandContext, folder: string): AsyncIterable<Entry> {
  const directory = args.operand('DIRECTORY')?.replace(/^\.?\/+|\/+$/g, '') ?? ''
  const query = { directory, recursive: args.has('flat') ? 'false' : 'true', limit: PAGE_MAX } as const
  const state = parseState(args.value('state'))
  let after: string | undefined
  do {
    const page = await client.call(
      'listEntries',
      { params: { folder }, query: { ...query, state, ...(after !== undefined && { after }) } },
      { signal },
    )
    yield* page.entries
    after = page.next ?? undefined
  } while (after !== undefined)
}

function parseState(text = 'all'): EntriesQuery['state'] {
  const state = LS_STATES.find((each) => each === text)
  if (state === undefined) throw usageError(`"${text}" is no state.`, `It is one of: ${LS_STATES.join(', ')}`)
  return state
}

function renderEntry(entry: Entry): Text {
  const { state, kind, sizeBytes, mtimeMs, path, target, reason } = entry
  const size =
    kind === 'file' ? formatBytes(sizeBytes) : kind === 'directory' ? 'dir' : kind === 'symlink' ? 'link' : ''
  const name = kind === 'directory' ? `${path}/` : path
  const arrow = target === null ? t`` : styled('dim', t` → ${target}`)
  const why = reason === null ? t`` : styled('dim', t`  (${reason})`)
  const stateText = styled(styleOf(state), state.padEnd(STATE_WIDTH))
  const time = formatTime(mtimeMs)
  // What was not looked into has no time.
  const shownTime = styled('dim', mtimeMs === 0 ? ' '.repeat(time.length) : time)
  return t`${stateText}  ${size.padStart(SIZE_WIDTH)}  ${shownTime}  ${name}${arrow}${why}`
}

/** What goes on by itself. */
const CALM: readonly EntryState[] = ['missing', 'pending', 'behind']

function styleOf(state: EntryState): Style {
  if (state === 'synced') return 'green'
  if (state === 'ignored' || state === 'left-out') return 'dim'
  return CALM.includes(state) ? 'cyan' : 'yellow'
}

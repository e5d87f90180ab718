/** `holt folders` */

import type { Folder } from '../../protocol/api/folders.ts'
import { formatAmount, formatTime } from '../amounts.ts'
import { toColumns } from '../columns.ts'
import type { CommandContext } from '../command.ts'
import type { FolderWords } from '../folder-view.ts'
import { phraseOf, renderFolders, renderHalt } from '../folder-view.ts'
import type { Text } from '../text.ts'
import { styled, t } from '../text.ts'

export async function runFolders(context: CommandContext): Promise<undefined> {
  const { args, client, out, signal, world } = context
  const wanted = args.operand('FOLDER')
  if (wanted === undefined) {
    await showFolders(context)
    return
  }
  const folder = await client.call('getFolder', { params: { folder: wanted } }, { signal })
  if (args.has('json')) {
    out.json(folder)
    return
  }
  const { devices } = await client.call('listDevices', {}, { signal })
  for (const line of renderFolder(folder, { devices, homeDirectory: world.homeDirectory })) out.line(line)
}

/** All of them; `holt ls` without a folder says the same. */
export async function showFolders({ args, client, out, signal, world }: CommandContext): Promise<void> {
  const list = await client.call('listFolders', {}, { signal })
  if (args.has('json')) {
    out.json(list)
    return
  }
  if (list.folders.length === 0) out.note(t`There is no folder yet. Share one: holt add DIRECTORY`)
  const { devices } = list.folders.length === 0 ? { devices: [] } : await client.call('listDevices', {}, { signal })
  for (const line of renderFolders(list.folders, { devices, homeDirectory: world.homeDirectory })) out.line(line)
}

function renderFolder(folder: Folder, words: FolderWords): Text[] {
  const { lastInSyncMs, state } = folder
  const facts: [string, Text][] = [
    ['name', t`${folder.name}`],
    ['id', t`${folder.id}`],
    ['directory', t`${folder.root ?? 'not kept here'}`],
    ['mode', t`${folder.mode ?? '–'}`],
    ['state', phraseOf(folder, words)],
    ['here', t`${formatAmount(folder.held)}`],
    ['in the group', t`${formatAmount(folder.total)}`],
    ['last in sync', t`${lastInSyncMs === null ? 'never' : formatTime(lastInSyncMs)}`],
    ['digest', t`${folder.digest ?? '–'}`],
  ]
  const rows = toColumns(facts.map(([name, value]) => [styled('dim', name), value]))
  return state.kind === 'halted' ? [...rows, ...renderHalt(state.halt)] : rows
}

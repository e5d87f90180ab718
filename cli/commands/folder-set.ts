/** `holt folder set` */

import type { ChangeFolder, Folder } from '../../protocol/api/folders.ts'
import { parseBytes } from '../../protocol/byte-size.ts'
import { countOf, formatBytes, formatCount } from '../amounts.ts'
import { usageError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { givenMode } from '../folder-mode.ts'
import type { Text } from '../text.ts'
import { styled, t } from '../text.ts'

export async function runSet({ args, client, out, signal }: CommandContext): Promise<undefined> {
  const body = changeOf(args)
  const params = { folder: args.required('FOLDER') }
  const isChange = Object.keys(body).length > 0
  const folder = isChange
    ? await client.call('changeFolder', { params, body: { ...body, confirm: args.has('yes') } }, { signal })
    : await client.call('getFolder', { params, query: {} }, { signal })
  if (args.has('json')) out.json(folder)
  else for (const line of linesOf(folder)) out.line(line)
}

type Args = CommandContext['args']

function changeOf(args: Args): Omit<ChangeFolder, 'confirm'> {
  const policy = args.value('conflicts')
  const retention = retentionOf(args)
  const selection = selectionOf(args)
  return {
    ...givenMode({ args }),
    ...(policy !== undefined && { conflictPolicy: policy }),
    ...(Object.keys(retention).length > 0 && { retention }),
    ...(selection !== undefined && { selection }),
    ...linksOf(args),
  }
}

function retentionOf(args: Args): NonNullable<ChangeFolder['retention']> {
  const days = boundOf(args, 'keep-days', 'default', toCount)
  const versions = boundOf(args, 'keep-versions', 'all', toCount)
  const bytes = boundOf(args, 'keep-size', 'all', parseBytes)
  return {
    ...(days !== undefined && { days }),
    ...(versions !== undefined && { versions }),
    ...(bytes !== undefined && { bytes }),
  }
}

/** Null for the word that lifts the bound; undefined where the flag was not given. */
function boundOf(
  args: Args,
  flag: string,
  none: string,
  parse: (text: string) => number | undefined,
): number | null | undefined {
  const text = args.value(flag)
  if (text === undefined) return undefined
  if (text === none) return null
  const bound = parse(text)
  if (bound === undefined) throw usageError(`--${flag} takes an amount or "${none}", not "${text}".`)
  return bound
}

function toCount(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

function selectionOf(args: Args): ChangeFolder['selection'] {
  const include = args.values('include')
  const exclude = args.values('exclude')
  if (args.has('everything')) {
    if (include.length + exclude.length > 0)
      throw usageError('--everything takes the patterns away: it cannot stand beside --include or --exclude.')
    return { include: [], exclude: [] }
  }
  if (include.length + exclude.length === 0) return undefined
  return {
    ...(include.length > 0 && { include: [...include] }),
    ...(exclude.length > 0 && { exclude: [...exclude] }),
  }
}

function linksOf(args: Args): Pick<ChangeFolder, 'links'> {
  const links = args.value('links')
  if (links === undefined) return {}
  if (links === 'inside' || links === 'any') return { links }
  throw usageError(`"${links}" is no choice of links.`, 'It is inside or any.')
}

function linesOf({ name, mode, conflictPolicy, retention, selection, links }: Folder): Text[] {
  const lines = [t`${styled('bold', name)}: ${mode ?? 'not on this device'}; conflicts: ${conflictPolicy}.`]
  if (retention !== null) lines.push(t`Earlier contents are kept ${keptPhrase(retention)}.`)
  if (links === 'any') lines.push(t`Symbolic links may lead out of it.`)
  if (selection === null) return lines
  const { include, exclude } = selection
  if (include.length > 0) lines.push(t`Kept here is only: ${include.join('  ')}`)
  if (exclude.length > 0) lines.push(t`Not kept here: ${exclude.join('  ')}`)
  return lines
}

function keptPhrase({ days, versions, bytes }: NonNullable<Folder['retention']>): string {
  const bounds = [
    days === null ? 'as many days as configured' : countOf(days, 'day'),
    ...(versions === null ? [] : [`at most ${formatCount(versions)} of a path`]),
    ...(bytes === null ? [] : [`at most ${formatBytes(bytes)}`]),
  ]
  return bounds.join(', ')
}

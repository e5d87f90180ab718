/** The story of a path, as a person reads it: the answer first, then how it came about. */

import type { Why } from '../protocol/api/why.ts'
import { shellWord } from '../protocol/shell-word.ts'
import { countOf, formatBytes, formatTime } from './amounts.ts'
import { toColumns } from './columns.ts'
import type { Text } from './text.ts'
import { joined, styled, t } from './text.ts'

export function renderWhy(why: Why): Text[] {
  const { folder, relative, summary, obstacles } = why
  const where = folder === null ? why.path : relative === '' ? folder.name : `${folder.name}: ${relative ?? ''}`
  const isOpen = obstacles.some(({ state }) => state !== 'ignored')
  return [
    styled('bold', where),
    t`  ${isOpen ? styled('yellow', summary) : summary}`,
    ...commandsOf(obstacles[0]),
    ...obstacles
      .slice(1)
      .flatMap((each) => [
        ...(each.sentence === summary ? [] : [t`  ${styled('yellow', each.sentence)}`]),
        ...commandsOf(each),
      ]),
    ...section(toColumns(partsOf(why), '  ')),
    ...belowLines(why),
  ]
}

function commandsOf(obstacle: Why['obstacles'][number] | undefined): Text[] {
  return (obstacle?.commands ?? []).map((command) => t`    → ${styled('bold', command)}`)
}

function section(lines: readonly Text[]): Text[] {
  return lines.length === 0 ? [] : [t``, ...lines]
}

function partsOf({ disk, base, devices, verdict, kept }: Why): Text[][] {
  return [
    ...(disk === null
      ? []
      : [row('on this disk', disk.sentence, disk.mtimeMs, disk.kind === 'file' ? disk.sizeBytes : null, disk.target)]),
    ...(base === null
      ? []
      : [row('said here', base.sentence, base.changedMs, base.kind === 'file' ? base.sizeBytes : null, null)]),
    ...devices.map(({ name, isOnline, sentence, changedMs, kind, sizeBytes }) =>
      row(isOnline ? name : `${name} (offline)`, sentence, changedMs, kind === 'file' ? sizeBytes : null, null),
    ),
    ...(verdict === null ? [] : [row('decided', verdict.sentence, null, null, null)]),
    ...kept.map(({ keptMs, sizeBytes, sentence }) => row('kept version', sentence, keptMs, sizeBytes, null)),
  ]
}

function row(
  what: string,
  sentence: string,
  timeMs: number | null,
  bytes: number | null,
  target: string | null,
): Text[] {
  const facts = [
    ...(target === null ? [] : [`→ ${target}`]),
    ...(bytes === null ? [] : [formatBytes(bytes)]),
    ...(timeMs === null || timeMs === 0 ? [] : [formatTime(timeMs)]),
  ]
  const about = facts.length === 0 ? t`` : styled('dim', t`  ${facts.join(', ')}`)
  return [styled('cyan', what), t`${sentence}${about}`]
}

function belowLines({ below, folder }: Why): Text[] {
  if (below === null) return []
  const { total, isWhole, states, first } = below
  const counts = states.map(({ state, count }) => t`${count} ${state}`)
  const more = isWhole ? '' : ' and more'
  const list = counts.length === 0 ? t`` : t`: ${joined(counts, ', ')}`
  const open = states
    .filter(({ state }) => state !== 'synced' && state !== 'ignored')
    .reduce((sum, { count }) => sum + count, 0)
  const hidden = open - first.length
  return [
    t``,
    t`  Below it: ${countOf(total, 'path')}${more}${list}`,
    ...toColumns(
      first.map(({ path, state, reason }) => [styled('yellow', state), t`${path}`, styled('dim', reason)]),
      '    ',
    ),
    ...(hidden > 0 && folder !== null
      ? [t`    … and ${hidden} more → ${styled('bold', `holt ls ${shellWord(folder.name)} --state unsynced`)}`]
      : []),
  ]
}

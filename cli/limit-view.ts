/** Limits of sending and receiving, in words. */

import type { DirectionLimits, Limit, Limits } from '../protocol/api/limits.ts'
import { formatRate } from './amounts.ts'
import { toColumns } from './columns.ts'
import type { Text } from './text.ts'
import { joined, styled, t } from './text.ts'

export function renderLimits({ all, devices }: Limits): Text[] {
  const rows = [...rowsOf('all devices', all), ...devices.flatMap(({ name, ...limits }) => rowsOf(name, limits))]
  return toColumns(rows, '  ')
}

function rowsOf(name: string, { send, receive }: DirectionLimits): Text[][] {
  return [
    [styled('bold', name), t`sends`, nowOf(send), ...rulesOf(send)],
    [t``, t`receives`, nowOf(receive), ...rulesOf(receive)],
  ]
}

/** What is said only where there is a choice by the time of day. */
function rulesOf({ rules }: Limit): Text[] {
  return rules.length < 2 ? [] : [styled('dim', rules.join('; '))]
}

function nowOf({ now }: Limit): Text {
  if (now === null) return t`without limit`
  return now === 0 ? styled('yellow', 'nothing: paused') : t`at most ${formatRate(now)}`
}

/** One line of what is limited now; undefined where nothing is. */
export function limitPhrase({ send, receive }: DirectionLimits): Text | undefined {
  const parts = [...partOf('sends', send), ...partOf('receives', receive)]
  return parts.length === 0 ? undefined : joined(parts, ', ')
}

function partOf(verb: string, { now }: Limit): Text[] {
  if (now === null) return []
  return [now === 0 ? t`${verb} nothing (paused)` : t`${verb} at most ${formatRate(now)}`]
}

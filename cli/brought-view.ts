/** What came of bringing something back, in words. */

import type { Restored, Undone, UndoStep, Unheard } from '../protocol/api/versions.ts'
import { countOf, formatBytes, formatTime } from './amounts.ts'
import type { Text } from './text.ts'
import { joined, styled, t } from './text.ts'

/** Paths that were left alone and are shown. */
const LEFT_SHOWN_MAX = 20

type Brought = Pick<Restored | Undone, 'back' | 'replaced' | 'already' | 'bytes' | 'left' | 'leftCount'>

/** `12 came back, 3 were replaced by what they were before (1.2 MB); 4 were there already.` */
export function broughtPhrase({ back, replaced, already, bytes }: Brought, isDryRun = false): Text {
  const came = isDryRun ? 'would come back' : 'came back'
  const are = isDryRun ? 'would be' : replaced === 1 ? 'is' : 'are'
  const parts = [
    ...(back > 0 ? [t`${countOf(back, 'path')} ${came}`] : []),
    ...(replaced > 0
      ? [t`${countOf(replaced, 'path')} ${are} what ${replaced === 1 ? 'it was' : 'they were'} before`]
      : []),
  ]
  const size = bytes === 0 ? '' : ` (${formatBytes(bytes)})`
  const there = already > 0 ? [t`${countOf(already, 'path')} ${already === 1 ? 'is' : 'are'} so already`] : []
  const all = [...(parts.length > 0 ? [t`${joined(parts, ', ')}${size}`] : []), ...there]
  return all.length === 0 ? t`Nothing had to be done.` : t`${joined(all, '; ')}.`
}

/** What was left as it is, and why. */
export function leftLines({ left, leftCount }: Brought): Text[] {
  if (leftCount === 0) return []
  const shown = left.slice(0, LEFT_SHOWN_MAX)
  const more = leftCount - shown.length
  return [
    t`${styled('yellow', '!')} ${countOf(leftCount, 'path')} ${leftCount === 1 ? 'was' : 'were'} left as ${leftCount === 1 ? 'it is' : 'they are'}:`,
    ...shown.map(({ path, reason }) => t`    ${path}  ${styled('dim', reason)}`),
    ...(more > 0 ? [t`    and ${more} more; --json names them`] : []),
  ]
}

export function unheardLine({ name, reason }: Unheard): Text {
  return styled('dim', t`${name}: ${reason}`)
}

/** `Photos: ben deleted 120 and changed 3, 2026-11-21 14:30:05`. */
export function stepPhrase({ folderName, byName, deleted, replaced, keptMs, isUndo }: UndoStep): Text {
  const parts = [...(deleted > 0 ? [`deleted ${deleted}`] : []), ...(replaced > 0 ? [`changed ${replaced}`] : [])]
  const what = isUndo ? `took something back, and so changed ${deleted + replaced}` : parts.join(' and ')
  return t`${styled('bold', folderName)}: ${byName ?? 'a sync'} ${what}, ${formatTime(keptMs)}`
}

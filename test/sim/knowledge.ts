/** What no device of a run can know any more: of that nothing is asked. */

import { parseRelPath } from '../../protocol/path.ts'
import { ROOT } from './daemon.ts'
import { textsOf } from './judge.ts'
import type { Run, Station } from './run.ts'
import { FOLDER } from './run.ts'

/** More than any run has. */
const ENTRIES_MAX = 10_000
const decoder = new TextDecoder()

/** A catalogue goes: what was deleted here and not told to anybody cannot be known any more. */
export function forgetUntold({ memory, stations }: Run, { device }: Station): void {
  const living = new Set(stations.flatMap((each) => textsOf(each.device.hands.walk(ROOT))))
  for (const [text, name] of memory.gone) if (name === device.name && living.has(text)) memory.gone.delete(text)
}

/** A device begins: what it has on its disk and knows nothing of may have been deleted elsewhere. */
export function forgetUnknown(run: Run, station: Station): void {
  const { memory } = run
  if (memory.gone.size === 0) return
  for (const { kind, path, content } of station.device.hands.walk(ROOT)) {
    const text = decoder.decode(content)
    if (kind === 'file' && memory.gone.has(text) && !knowsOf(run, station, path)) memory.gone.delete(text)
  }
}

/** Whether a device knows of a file on its disk, or has told somebody who runs; true where it has none. */
export function knowsOf({ stations }: Run, { device, catalogue }: Station, text: string): boolean {
  const path = parseRelPath(text)
  if (!device.hands.exists(`${ROOT}/${text}`) || catalogue.knowsFile(FOLDER, path)) return true
  return stations.some(({ daemon }) => {
    if (daemon === undefined || daemon.device === device) return false
    const told = daemon.catalogue.read((tx) => tx.entriesHeldBy(FOLDER, device.id, null, ENTRIES_MAX))
    return told.some((entry) => entry.path === path && entry.content.kind === 'file')
  })
}

/** What came of bringing paths back, in counts, with what was left by name. */

import type { Undone } from '../../protocol/api/versions.ts'
import { LEFT_MAX } from '../../protocol/api/constants.ts'
import type { BroughtBack } from '../sync/bring-back.ts'

type Counts = Pick<Undone, 'back' | 'replaced' | 'already' | 'bytes' | 'left' | 'leftCount'>

export function countBrought(paths: readonly BroughtBack[]): Counts {
  const countOf = (kind: BroughtBack['kind']): number => paths.filter((each) => each.kind === kind).length
  const isDone = ({ kind }: BroughtBack): boolean => kind === 'back' || kind === 'replaced'
  const left = paths.flatMap(({ path, kind, sentence }): Counts['left'] =>
    kind === 'changed' || kind === 'failed' ? [{ path, kind, reason: sentence ?? 'It was left as it is.' }] : [],
  )
  return {
    back: countOf('back'),
    replaced: countOf('replaced'),
    already: countOf('already'),
    bytes: paths.reduce((sum, each) => sum + (isDone(each) ? each.sizeBytes : 0), 0),
    left: left.slice(0, LEFT_MAX),
    leftCount: left.length,
  }
}

/** Which words go together in a run of a pair. */

import { allowsDownload, allowsUpload } from '../../../protocol/pair-options.ts'
import type { Force, InitialPreference, PairMode } from '../../../protocol/pair-options.ts'
import { PairError } from './pair-error.ts'

export interface ModeSettings {
  readonly mode: PairMode
  readonly initial: InitialPreference
  readonly force: Force | null
}

/** @throws PairError `bad-request` for words that contradict the mode */
export function checkModeSettings({ mode, initial, force }: ModeSettings): void {
  if (force === 'upload' && !allowsUpload(mode))
    throw new PairError('bad-request', `Mode ${mode} sends nothing to the destination, so an upload cannot be forced.`)
  if (force === 'download' && !allowsDownload(mode))
    throw new PairError('bad-request', `Mode ${mode} brings nothing to the source, so a download cannot be forced.`)
  if (initial === 'merge' || mode === 'two-way') return
  const winner = allowsUpload(mode) ? 'source-wins' : 'destination-wins'
  if (initial !== winner)
    throw new PairError(
      'bad-request',
      `In mode ${mode} the other side decides from the first run on, so ${initial} cannot be had.`,
    )
}

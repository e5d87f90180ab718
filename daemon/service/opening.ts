/** A daemon that has only just begun opens its folders first: who asks something of them waits for that, for a while. */

import type { AbortOptions } from '../ports.ts'
import type { ServiceParts } from './parts.ts'
import type { KnownFolder } from './refs.ts'

/** How long, and how often it is looked; in milliseconds. */
const OPENING_MS = 5000
const OPENING_LOOK_MS = 50

export async function untilOpened(
  parts: ServiceParts,
  folders: readonly Pick<KnownFolder, 'id'>[],
  o: AbortOptions,
): Promise<void> {
  const { clock } = parts.deps
  const isOpening = ({ id }: Pick<KnownFolder, 'id'>): boolean => {
    const held = parts.sync.engine.get(id)
    return held !== undefined && held.folder === undefined && held.fault === null
  }
  const untilMs = clock.monotonicMs() + OPENING_MS
  while (folders.some(isOpening) && clock.monotonicMs() < untilMs) await clock.sleep(OPENING_LOOK_MS, o)
}

/** Waiting for what is still on its way from another device: an offer, a manifest. */

import { ServiceError } from '../http/service.ts'
import type { AbortOptions } from '../ports.ts'
import type { ServiceParts } from './parts.ts'
import { folderOf } from './refs.ts'
import type { KnownFolder } from './refs.ts'

/** How often it is looked, in milliseconds. */
const LOOK_MS = 100

export type WaitOptions = AbortOptions & { readonly waitMs: number }

/** @throws ServiceError `folder-not-found` when no such offer came in time. */
export async function waitForFolder(parts: ServiceParts, ref: string, o: WaitOptions): Promise<KnownFolder> {
  for (const untilMs = parts.deps.clock.monotonicMs() + o.waitMs; ;) {
    try {
      return folderOf(parts, ref)
    } catch (cause) {
      const isMissing = cause instanceof ServiceError && cause.code === 'folder-not-found'
      if (!isMissing || parts.deps.clock.monotonicMs() >= untilMs) throw cause
    }
    await parts.deps.clock.sleep(LOOK_MS, o)
  }
}

/** Whether the condition came to hold in time. */
export async function waitUntil(parts: ServiceParts, holds: () => boolean, o: WaitOptions): Promise<boolean> {
  const untilMs = parts.deps.clock.monotonicMs() + o.waitMs
  while (!holds()) {
    if (parts.deps.clock.monotonicMs() >= untilMs) return false
    await parts.deps.clock.sleep(LOOK_MS, o)
  }
  return true
}

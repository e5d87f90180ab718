/** Waiting until two folders are equal. */

import { setTimeout as delay } from 'node:timers/promises'
import type { Device } from './device.ts'
import { readTree } from './tree.ts'

const POLL_MS = 150

/** And until what is expected has come. @throws Error with what differs when the signal aborts */
export async function untilEqual(
  one: Device,
  other: Device,
  signal: AbortSignal,
  expected: () => boolean | Promise<boolean> = () => true,
): Promise<void> {
  while (true) {
    const difference =
      (await findDifference(one, other)) ?? ((await expected()) ? undefined : 'a change has not arrived')
    if (difference === undefined) return
    if (signal.aborted) throw new Error(`the folders do not become equal: ${difference}`)
    await delay(POLL_MS)
  }
}

async function findDifference(one: Device, other: Device): Promise<string | undefined> {
  try {
    const [here, there] = await Promise.all([readTree(one.folder), readTree(other.folder)])
    for (const path of new Set([...here.keys(), ...there.keys()])) {
      const [a = 'nothing', b = 'nothing'] = [here.get(path), there.get(path)]
      if (a !== b) return `${path}: ${a} on ${one.name}, ${b} on ${other.name}`
    }
    return undefined
  } catch (cause) {
    // What was listed a moment ago has been renamed or deleted meanwhile.
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return cause.message
    throw cause
  }
}

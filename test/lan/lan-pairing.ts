/** Two people at two machines of the LAN pair them, each at a terminal. */

import assert from 'node:assert/strict'
import type { LanDevice, Running } from './lan-device.ts'
import { until } from './lan-device.ts'

/** How long anything may take on a machine that is busy with other things. */
export const PATIENCE_MS = 60_000

export async function pair(inviter: LanDevice, joiner: LanDevice): Promise<void> {
  const showing = inviter.begin('holt pair')
  await join(joiner, await shownCode(showing))
  const { status, shown } = await showing.ended
  assert.equal(status, 0, shown)
}

/** The code that a terminal shows, once it does. */
export async function shownCode(running: Running): Promise<string> {
  const codeOf = (): string | undefined => /^\d+-[a-z]+-[a-z]+-[a-z]+$/m.exec(running.shown())?.[0]
  await until('a code is shown', () => codeOf() !== undefined, PATIENCE_MS)
  return codeOf() ?? ''
}

/** Types the code; returns what the terminal shows. */
export async function join(device: LanDevice, code: string): Promise<string> {
  const joining = device.begin('holt pair --join')
  await until('the code is asked for', () => joining.shown().includes('Type the code'), PATIENCE_MS)
  joining.type(code)
  const { status, shown } = await joining.ended
  assert.equal(status, 0, shown)
  return shown
}

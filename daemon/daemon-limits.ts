/** The limits of sending and receiving of a daemon: what is configured and what was chosen, by the clock of this machine. */

import type { Config } from './config.ts'
import type { Limits } from './sync/limits.ts'
import { openLimits } from './sync/limits.ts'
import type { Deps } from './sync/folder.ts'
import { localTime } from './system-clock.ts'

export function limitsFor({ sendLimit, receiveLimit }: Config, { clock, state }: Deps): Promise<Limits> {
  return openLimits({ clock, state, localTime, configured: { send: sendLimit, receive: receiveLimit } })
}

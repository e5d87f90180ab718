/** What a network and those on it do to frames: devices that send wrong bytes, and streams that overtake each other. */

import type { DeviceId } from '../../protocol/ids.ts'
import type { World } from './world.ts'

/** One bit of so many of a liar's frames is another one. */
const LIE_CHANCE = 0.2
const OVERTAKING_CHANCE = 0.2
/** Long against the time between two frames, in microseconds. */
const OVERTAKING_LATENCY_US = [200, 300_000] as const

export interface Lies {
  /** Devices whose frames have wrong bytes in them. */
  readonly liars: Set<DeviceId>
  wereTold: boolean
}

export function makeLies(world: World): Lies {
  const random = world.random.fork('lies')
  const lies: Lies = { liars: new Set(), wereTold: false }
  world.network.corrupt = (from, frame) => {
    if (!lies.liars.has(from) || frame.length === 0 || !random.chance(LIE_CHANCE)) return frame
    lies.wereTold = true
    const [at, bit] = [random.below(frame.length), 1 << random.below(8)]
    return frame.map((byte, i) => (i === at ? byte ^ bit : byte))
  }
  return lies
}

/** In some runs the frames of different streams overtake each other. @returns whether it is such a run */
export function makeOvertaking(world: World, devices: readonly DeviceId[]): boolean {
  if (!world.random.fork('overtaking').chance(OVERTAKING_CHANCE)) return false
  for (const a of devices)
    for (const b of devices) {
      const link = world.network.link(a, b)
      link.speed = { ...link.speed, overtakes: true, latencyUs: OVERTAKING_LATENCY_US }
    }
  return true
}

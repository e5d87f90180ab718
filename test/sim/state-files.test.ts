/** The simulated state files keep to what all `StateFiles` keep to. */

import { describeStateFiles } from '../conformance/state-files.ts'
import type { OpenedState } from '../conformance/state-files.ts'
import { createWorld } from './world.ts'

describeStateFiles('simulated', () => Promise.resolve(openState()))

function openState(): OpenedState {
  const world = createWorld('conformance')
  const device = world.device('anna')
  const state = device.start((ports) => ports.state)
  world.scheduler.runByItself()
  return {
    state,
    reopen: async () => {
      device.kill({ power: false })
      return device.start((ports) => ports.state)
    },
    [Symbol.asyncDispose]: async () => device.kill({ power: false }),
  }
}

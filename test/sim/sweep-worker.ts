/** A process that runs the seeds that it is started with, and tells its parent how each ended. */

import { runSeed } from './run.ts'

for (const seed of process.argv.slice(2).map(Number)) {
  const { fault } = await runSeed(seed)
  process.send?.({ seed, fault })
}
process.disconnect()

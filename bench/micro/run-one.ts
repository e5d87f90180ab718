/** Measures one part in a process of its own, so that its memory is its own: `run-one.ts NAME DIRECTORY`. Prints one line of JSON. */

import { MICROS } from './every-micro.ts'

const ROUNDS = 5
const KIB_PER_MIB = 1024

const [name = '', directory = ''] = process.argv.slice(2)
const micro = await MICROS[name]?.()
if (micro === undefined) throw new Error(`${name} is no part`)

const rates: number[] = []
{
  await using ready = await micro.open(directory)
  // The first one warms up.
  for (let i = 0; i <= ROUNDS; i += 1) {
    const beganMs = performance.now()
    const units = await ready.round()
    if (i > 0) rates.push(units / ((performance.now() - beganMs) / 1000))
  }
}
process.stdout.write(
  `${JSON.stringify({ unit: micro.unit, rates, peakMib: process.resourceUsage().maxRSS / KIB_PER_MIB })}\n`,
)

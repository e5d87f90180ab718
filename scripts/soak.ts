/**
 * Three real daemons under constant work: `npm run soak -- --minutes N [--seed S]`. Ends with 1 as soon as a folder differs where it
 * should be the same, something is lost, or a daemon's memory grows.
 */

import { parseArgs } from 'node:util'
import { soak } from '../test/e2e/soak.ts'
import { recordFigure } from '../test/figures.ts'

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } } })
const minutes = Number(values.minutes)
if (!(minutes > 0)) throw new Error(`--minutes ${values.minutes}: it is a number above 0`)
const seed = values.seed ?? String(Math.floor(Math.random() * 2 ** 32))
process.stdout.write(`npm run soak -- --minutes ${minutes} --seed ${seed}\n`)
const figures = await soak({
  durationMs: minutes * 60_000,
  seed,
  say: (line) => void process.stdout.write(`${line}\n`),
})
recordFigure('soak', figures)
for (const [what, much] of Object.entries(figures)) process.stdout.write(`${what}: ${much}\n`)

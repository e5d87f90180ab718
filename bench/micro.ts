/**
 * Parts of the daemon by themselves, so that a regression has an address: `npm run bench:micro -- [--only NAME]`. Each in a process
 * of its own, which measures the sources as they are; the median of five rounds, and the most memory.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runToEnd } from './contenders/one-shot.ts'
import { MICROS } from './micro/every-micro.ts'
import { parseMicroOptions } from './micro/micro-options.ts'
import { median } from './row.ts'
import { formatNumber } from './table.ts'

const RUN_ONE = fileURLToPath(new URL('./micro/run-one.ts', import.meta.url))

const asked = parseMicroOptions(process.argv.slice(2), Object.keys(MICROS))
if (asked.kind === 'names') for (const name of asked.names) process.stdout.write(`${await measure(name)}\n`)
else {
  process.stderr.write(`${asked.sentence}\n`)
  process.exitCode = 2
}

interface Measured {
  readonly unit: string
  /** Units a second, of each round. */
  readonly rates: readonly number[]
  readonly peakMib: number
}

async function measure(name: string): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'holt-micro-'))
  try {
    const said = await runToEnd({ command: process.execPath, words: [RUN_ONE, name, directory] })
    const { unit, rates, peakMib } = JSON.parse(said) as Measured
    const [least, most] = [Math.min(...rates), Math.max(...rates)].map(formatNumber)
    const rate = formatNumber(median(rates) ?? 0)
    return `${name.padEnd(16)} ${rate.padStart(9)} ${unit}/s (${least}–${most}), peak RSS ${formatNumber(peakMib)} MiB`
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

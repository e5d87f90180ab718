/**
 * The benchmark: from "the files appear" on one side to "identical and durable" on the other, each program beside the others in
 * one run over loopback. Every result is compared byte by byte after the clock has stopped. Prints a table; `--write` puts it
 * into docs/PERFORMANCE.md. `--quick` takes small data sets. `--only NAME` runs one program, `--set NAME` one data set.
 */

import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Contender } from './contender.ts'
import { checkSame, listFiles } from './contender.ts'
import type { DataSet } from './data-sets.ts'
import { big, mixed, small } from './data-sets.ts'
import { startHolt } from './holt.ts'
import { startRsync } from './rsync.ts'
import { startSyncthing } from './syncthing.ts'

const LATENCY_RUNS = 10

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    only: { type: 'string' },
    set: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
})

interface Row {
  readonly row: string
  readonly program: string
  readonly seconds: number
  readonly rssMib: readonly number[]
}

const seed = Number(values.seed)
const sets: readonly DataSet[] = values.quick
  ? [big(seed, 64), small(seed, 1000), mixed(seed, 200, 50)]
  : [big(seed, 1024), small(seed, 20_000), mixed(seed, 2000, 500)]
const starters: readonly (readonly [
  string,
  (directory: string) => Promise<Contender | undefined> | Contender | undefined,
])[] = [
  ['Holt', startHolt],
  ['Syncthing', startSyncthing],
  ['rsync', startRsync],
]

await main()

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'holt-bench-'))
  const rows: Row[] = []
  const versions = new Map<string, string>()
  try {
    for (const [name, start] of starters) {
      if (values.only !== undefined && values.only !== name) continue
      for (const set of sets) {
        if (values.set !== undefined && values.set !== set.name) continue
        const contender = await start(join(directory, `${name}-${set.name}`))
        if (contender === undefined) break
        await using running = contender
        versions.set(running.name, running.version)
        rows.push(await firstSync(running, set, directory))
        if (set.name === 'mixed' && name !== 'rsync') rows.push(await oneNewFile(running, set.files))
        process.stdout.write(`${describe(rows.slice(-2)).join('\n')}\n`)
      }
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  const page = render(rows, versions)
  process.stdout.write(`\n${page}\n`)
  if (values.write) writeTable(page)
}

async function firstSync(contender: Contender, set: DataSet, directory: string): Promise<Row> {
  const source = join(directory, 'data')
  set.write(source)
  const beganMs = performance.now()
  renameSync(source, join(contender.here, set.name))
  await contender.settled(set.files)
  const seconds = (performance.now() - beganMs) / 1000
  checkSame(contender.here, contender.there)
  if (listFiles(contender.there).length !== set.files) throw new Error(`${contender.name} did not bring every file`)
  return { row: `${set.name} first sync`, program: contender.name, seconds, rssMib: contender.rssMib() }
}

async function oneNewFile(contender: Contender, files: number): Promise<Row> {
  const seconds: number[] = []
  mkdirSync(join(contender.here, 'new'))
  for (let i = 0; i < LATENCY_RUNS; i += 1) {
    const beganMs = performance.now()
    writeFileSync(join(contender.here, 'new', `n${i}`), Buffer.alloc(1024, i))
    await contender.settled(files + i + 1)
    seconds.push((performance.now() - beganMs) / 1000)
  }
  seconds.sort((a, b) => a - b)
  return {
    row: 'one new 1 KiB file while idle (median of 10)',
    program: contender.name,
    seconds: seconds[LATENCY_RUNS / 2] ?? 0,
    rssMib: contender.rssMib(),
  }
}

function describe(rows: readonly Row[]): string[] {
  return rows.map(
    ({ row, program, seconds, rssMib }) =>
      `${program}: ${row} ${seconds.toFixed(2)} s${rssMib.length > 0 ? `, peak RSS ${rssMib.join(' and ')} MiB` : ''}`,
  )
}

function render(rows: readonly Row[], versions: ReadonlyMap<string, string>): string {
  const programs = [...versions.keys()]
  const names = [...new Set(rows.map(({ row }) => row))]
  const cell = (row: string, program: string): string => {
    const found = rows.find((each) => each.row === row && each.program === program)
    if (found === undefined) return '–'
    return `${found.seconds.toFixed(2)} s${found.rssMib.length > 0 ? ` (${found.rssMib.join(' + ')} MiB)` : ''}`
  }
  return [
    `| row | ${programs.join(' | ')} |`,
    `|---|${programs.map(() => '---').join('|')}|`,
    ...names.map((row) => `| ${row} | ${programs.map((program) => cell(row, program)).join(' | ')} |`),
    '',
    `Machine: ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}, Node ${process.version}.`,
    `Versions: ${[...versions].map(([name, version]) => `${name} ${version}`).join('; ')}.`,
    `Data: ${sets.map(({ name, files, bytes }) => `${name} ${files} files, ${Math.round(bytes / 2 ** 20)} MiB`).join('; ')}; seed ${seed}.`,
    'Seconds from the appearance of the files to both sides being the same; in brackets the peak resident memory of each side.',
  ].join('\n')
}

/** Between the marks; the words around them are kept. */
function writeTable(table: string): void {
  const file = new URL('../docs/PERFORMANCE.md', import.meta.url)
  const [begin, end] = ['<!-- table -->', '<!-- /table -->']
  const text = readFileSync(file, 'utf8')
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < 0) throw new Error('docs/PERFORMANCE.md has no place for the table')
  writeFileSync(file, `${text.slice(0, from + begin.length)}\n\n${table}\n\n${text.slice(to)}`)
}

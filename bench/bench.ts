/**
 * The benchmark: from "the files appear" on one side to "identical and durable" on the other, each program beside the others in
 * one run over loopback. Every result is compared byte by byte after the clock has stopped. Prints a table; `--write` puts it
 * into docs/PERFORMANCE.md. `--quick` takes small data sets. `--only NAME` runs one program, `--set NAME` one data set. `--runs N`
 * takes the median of N runs, an odd number.
 */

import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import type { Contender } from './contender.ts'
import { checkSame, listFiles } from './contender.ts'
import type { DataSet } from './data-sets.ts'
import { big, mixed, small } from './data-sets.ts'
import { startHolt } from './holt.ts'
import type { BenchOptions } from './options.ts'
import { parseBenchOptions } from './options.ts'
import { startRsync } from './rsync.ts'
import { startSyncthing } from './syncthing.ts'

const LATENCY_RUNS = 10

interface Row {
  readonly row: string
  readonly program: string
  readonly seconds: number
  readonly rssMib: readonly number[]
}

const starters: readonly (readonly [
  string,
  (directory: string) => Promise<Contender | undefined> | Contender | undefined,
])[] = [
  ['Holt', startHolt],
  ['Syncthing', startSyncthing],
  ['rsync', startRsync],
]
const makers: readonly (readonly [string, (seed: number, isQuick: boolean) => DataSet])[] = [
  ['big', (seed, isQuick) => big(seed, isQuick ? 64 : 1024)],
  ['small', (seed, isQuick) => small(seed, isQuick ? 1000 : 20_000)],
  ['mixed', (seed, isQuick) => (isQuick ? mixed(seed, 200, 50) : mixed(seed, 2000, 500))],
]

const asked = parseBenchOptions(process.argv.slice(2), {
  programs: starters.map(([name]) => name),
  sets: makers.map(([name]) => name),
})
if (asked.kind === 'options') await main(asked.options)
else fail(2, asked.sentence)

function fail(status: number, sentence: string): void {
  process.stderr.write(`${sentence}\n`)
  process.exitCode = status
}

async function main(options: BenchOptions): Promise<void> {
  const { programs, quick, runs, seed, write } = options
  const sets = makers.filter(([name]) => options.sets.includes(name)).map(([, make]) => make(seed, quick))
  const directory = mkdtempSync(join(tmpdir(), 'holt-bench-'))
  const rows: Row[] = []
  const versions = new Map<string, string>()
  try {
    for (let run = 1; run <= runs; run += 1) {
      // Beside each other set by set, so that a machine that grows slower is slow for all.
      for (const set of sets) {
        for (const [name, start] of starters) {
          if (!programs.includes(name)) continue
          const contender = await start(join(directory, `${name}-${set.name}-${run}`))
          if (contender === undefined) continue
          await using running = contender
          versions.set(running.name, running.version)
          const found = [await firstSync(running, set, directory)]
          if (set.name === 'mixed' && name !== 'rsync') found.push(await oneNewFile(running, set.files))
          process.stdout.write(`${describe(found).join('\n')}\n`)
          rows.push(...found)
        }
      }
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  if (rows.length === 0) {
    fail(1, `Nothing was measured, and no table written: ${programs.join(' and ')} cannot be started on this machine.`)
    return
  }
  const page = render(medians(rows), versions, { runs, seed, sets })
  process.stdout.write(`\n${page}\n`)
  if (write) await writeTable(page)
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

/** One row for all runs of a program: the median of the seconds, and the most memory that any of them took. */
function medians(rows: readonly Row[]): Row[] {
  const byName = Map.groupBy(rows, ({ row, program }) => `${row} of ${program}`)
  return [...byName.values()].flatMap((same) => {
    const middle = [...same].sort((a, b) => a.seconds - b.seconds)[Math.floor((same.length - 1) / 2)]
    if (middle === undefined) return []
    const rssMib = middle.rssMib.map((_, side) => Math.max(...same.map((each) => each.rssMib[side] ?? 0)))
    return [{ ...middle, rssMib }]
  })
}

function describe(rows: readonly Row[]): string[] {
  return rows.map(
    ({ row, program, seconds, rssMib }) =>
      `${program}: ${row} ${seconds.toFixed(2)} s${rssMib.length > 0 ? `, peak RSS ${rssMib.join(' and ')} MiB` : ''}`,
  )
}

interface Measured {
  readonly runs: number
  readonly seed: number
  readonly sets: readonly DataSet[]
}

function render(rows: readonly Row[], versions: ReadonlyMap<string, string>, { runs, seed, sets }: Measured): string {
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
    `Seconds from the appearance of the files to both sides being the same${runs > 1 ? `, the median of ${runs} runs` : ''}; in brackets the peak resident memory of each side.`,
  ].join('\n')
}

/** Between the marks; the words around them are kept. */
async function writeTable(table: string): Promise<void> {
  const file = new URL('../docs/PERFORMANCE.md', import.meta.url)
  const [begin, end] = ['<!-- table -->', '<!-- /table -->']
  const text = readFileSync(file, 'utf8')
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < 0) throw new Error('docs/PERFORMANCE.md has no place for the table')
  const written = `${text.slice(0, from + begin.length)}\n\n${table}\n\n${text.slice(to)}`
  writeFileSync(file, await format(written, { ...(await resolveConfig(file)), parser: 'markdown' }))
}

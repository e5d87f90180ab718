/** docs/PERFORMANCE.md: the table with all that a reader needs to judge it. */

import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { format, resolveConfig } from 'prettier'
import type { Result } from './result.ts'
import type { Row } from './row.ts'
import type { DataSet } from './sets/data-set.ts'
import { SET_NAMES } from './sets/data-set.ts'
import { makeSet } from './sets/make-set.ts'
import { MIB } from './sets/seeded-bytes.ts'
import { renderTable } from './table.ts'
import { TARGETS } from './targets.ts'

const GIB = 1024 ** 3

/** The table, the machine, the versions, the data, and a sentence for each row. */
export function renderPage(rows: readonly Row[], results: readonly Result[]): string {
  const shown = rows.filter(({ id }) => results.some(({ row }) => row === id))
  const [first] = results
  const versions = new Map(results.map(({ program, version }) => [program, version]))
  const runs = Math.max(...results.map(({ run }) => run))
  const sets = SET_NAMES.map((name) => makeSet(name, { seed: first?.seed ?? 1, isQuick: first?.isQuick ?? false }))
  return [
    renderTable(rows, results, TARGETS),
    '',
    `${runs === 1 ? 'One run' : `Medians of ${runs} runs, and in brackets the least and the most`}. Machine: ${machine()}.`,
    `Versions: ${[...versions].map(([program, version]) => `${program} ${version}`).join(', ')}.`,
    `Data: ${sets.map(describeSet).join('; ')}; seed ${first?.seed ?? 1}.`,
    '',
    ...shown.map(({ id, sentence }) => `- \`${id}\`: ${sentence}`),
  ].join('\n')
}

/** Between the marks; the words around them are kept. */
export async function writePage(page: string): Promise<void> {
  const file = new URL('../docs/PERFORMANCE.md', import.meta.url)
  const [begin, end] = ['<!-- table -->', '<!-- /table -->']
  const text = readFileSync(file, 'utf8')
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < 0) throw new Error('docs/PERFORMANCE.md has no place for the table')
  const written = `${text.slice(0, from + begin.length)}\n\n${page}\n\n${text.slice(to)}`
  writeFileSync(file, await format(written, { ...(await resolveConfig(file)), parser: 'markdown' }))
}

function machine(): string {
  const model = cpus()[0]?.model ?? 'unknown processor'
  return `${cpus().length} × ${model}, ${Math.round(totalmem() / GIB)} GiB, ${process.platform} ${release()}, Node ${process.version}`
}

function describeSet({ name, files, bytes }: DataSet): string {
  return `${name} ${files} ${files === 1 ? 'file' : 'files'}, ${Math.round(bytes / MIB)} MiB`
}

/**
 * What a test counted while it ran (cases, seeds, kills, faults): one file a name in `.tmp/figures`, from which
 * `npm run reliability` writes the tables of `docs/RELIABILITY.md`.
 */

import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SCALE } from './scale.ts'
import type { Scale } from './scale.ts'

export const FIGURES_DIRECTORY = new URL('../.tmp/figures', import.meta.url).pathname

/** What is counted, in words for people, and how much it was. */
export type Figures = Readonly<Record<string, number | string>>

export interface RecordedFigures {
  readonly name: string
  readonly scale: Scale
  readonly figures: Figures
}

/**
 * Keeps what a run counted, in place of what an earlier one did. To be called once all of it has passed: the figures of a test
 * that fails are worth nothing.
 *
 * @param name kebab-case; the marker in the page has it, too
 */
export function recordFigure(name: string, figures: Figures, directory = FIGURES_DIRECTORY): void {
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) throw new Error(`"${name}" is no name of figures: it is not kebab-case`)
  mkdirSync(directory, { recursive: true })
  const recorded: RecordedFigures = { name, scale: SCALE, figures }
  const temporary = join(directory, `${name}.${process.pid}.tmp`)
  writeFileSync(temporary, `${JSON.stringify(recorded, null, 2)}\n`)
  renameSync(temporary, join(directory, `${name}.json`))
}

/** Runs what was asked for, program beside program, and gives out each result as it comes. */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Block } from './block.ts'
import type { Program } from './contenders/contender.ts'
import { PROGRAMS } from './contenders/contender.ts'
import { installedVersion } from './contenders/start.ts'
import type { BenchOptions } from './options.ts'
import type { Result } from './result.ts'
import type { Value } from './row.ts'
import { settleDisk } from './session.ts'

export interface Telling {
  onResult(result: Result, value: Value): void
  /** A program that does not run, or did not bring what it should: for people. */
  onFailure(sentence: string): void
}

/** @returns the programs that were asked for and are not installed */
export async function runBlocks(blocks: readonly Block[], o: BenchOptions, telling: Telling): Promise<Program[]> {
  const versions = new Map(PROGRAMS.map((program) => [program, installedVersion(program)]))
  const wanted = chooseBlocks(blocks, o)
  const directory = mkdtempSync(join(tmpdir(), 'holt-bench-'))
  try {
    for (let run = 1; run <= o.runs; run += 1) {
      for (const block of wanted) {
        // Beside each other, so that a machine that grows slower is slow for all; and each is first once.
        for (const program of rotated(block.programs, run - 1)) {
          const version = versions.get(program)
          if (version === undefined || !o.programs.includes(program)) continue
          await runOne({ block, program, directory, run, version }, o, telling)
        }
      }
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  return PROGRAMS.filter((program) => o.programs.includes(program) && versions.get(program) === undefined)
}

/** What belongs to no data set is left out where one was asked for. */
function chooseBlocks(blocks: readonly Block[], o: BenchOptions): Block[] {
  const isAsked = ({ set }: Block): boolean => (set === undefined ? o.isEverySet : o.sets.includes(set))
  return blocks
    .filter((block) => isAsked(block) && block.rows.some(({ id }) => o.rows.includes(id)))
    .filter(({ isLong }) => isLong !== true || !o.quick || !o.isEveryRow)
}

interface One {
  readonly block: Block
  readonly program: Program
  readonly directory: string
  readonly run: number
  readonly version: string
}

async function runOne(
  { block, program, directory, run, version }: One,
  o: BenchOptions,
  telling: Telling,
): Promise<void> {
  const place = join(directory, 'run')
  mkdirSync(place)
  const { seed, quick: isQuick } = o
  const isWanted = ({ id }: { id: string }): boolean => o.rows.includes(id)
  try {
    const values = await block.run({ program, directory: place, seed, isQuick, isWanted })
    for (const value of values.filter(({ row }) => isWanted(row))) {
      telling.onResult({ row: value.row.id, program, run, value: value.value, version, seed, isQuick }, value)
    }
  } catch (cause) {
    telling.onFailure(
      `${program} has no result in ${block.name}: ${cause instanceof Error ? cause.message : String(cause)}`,
    )
  } finally {
    rmSync(place, { recursive: true, force: true, maxRetries: 3 })
    settleDisk()
  }
}

export function rotated<T>(list: readonly T[], by: number): T[] {
  const at = by % Math.max(1, list.length)
  return [...list.slice(at), ...list.slice(0, at)]
}

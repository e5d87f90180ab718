/** What was measured, one line of JSON each, so that a table can be made of several runs. */

import { appendFileSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { PROGRAMS } from './contenders/contender.ts'

const zResult = z.strictObject({
  row: z.string(),
  program: z.enum(PROGRAMS),
  run: z.int().min(1),
  value: z.number(),
  /** Of the program. */
  version: z.string(),
  seed: z.int().min(0),
  isQuick: z.boolean(),
})
export type Result = z.infer<typeof zResult>

export function appendResult(file: string, result: Result): void {
  appendFileSync(file, `${JSON.stringify(result)}\n`)
}

/** @throws Error where a line is none that `appendResult` has written */
export function readResults(file: string): Result[] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  return lines.map((line) => zResult.parse(JSON.parse(line)))
}

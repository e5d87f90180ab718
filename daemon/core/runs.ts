/** Chunks that follow one another. */

/** Chunks from `start` (in) to `end` (out). */
export interface Run {
  readonly start: number
  readonly end: number
}

/** Neighbouring numbers of an ascending list, joined. */
export function runsOf(numbers: readonly number[]): Run[] {
  const runs: { start: number; end: number }[] = []
  for (const number of numbers) {
    const last = runs.at(-1)
    if (last?.end === number) last.end++
    else runs.push({ start: number, end: number + 1 })
  }
  return runs
}

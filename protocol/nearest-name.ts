/** Which known name a person probably meant. */

/** More slips than this are another word. */
const SLIPS_MAX = 3

/** The known name with the fewest inserted, dropped, changed or swapped letters; undefined when none is near. */
export function nearestName(text: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let slipsBest = Math.min(SLIPS_MAX, Math.ceil(text.length / 2)) + 1
  for (const name of known) {
    const slips = countSlips(text, name)
    if (slips >= slipsBest) continue
    best = name
    slipsBest = slips
  }
  return best
}

/** Optimal string alignment distance, row by row. */
function countSlips(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swapped = isSwap ? at(before, j - 2) + 1 : Infinity
      next.push(Math.min(at(row, j) + 1, at(next, j - 1) + 1, at(row, j - 1) + cost, swapped))
    }
    before = row
    row = next
  }
  return at(row, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity
}

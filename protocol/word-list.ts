/** The English words of BIP-39, as people type them: whole, shortened, or mistyped. */

import { wordlist } from '@scure/bip39/wordlists/english.js'

/** Any four letters name at most one word of the list. */
const PREFIX_LETTERS_MIN = 4

/** The word that was typed whole, or by any first letters that only it has, at least four. Lower case. */
export function findWord(typed: string): string | undefined {
  if (wordlist.includes(typed)) return typed
  if (typed.length < PREFIX_LETTERS_MIN) return undefined
  const matches = wordlist.filter((word) => word.startsWith(typed))
  return matches.length === 1 ? matches[0] : undefined
}

/** The word with the fewest letters to change; among equals the one that begins alike for longest. */
export function nearestWord(typed: string): string {
  let best = ''
  let bestDistance = Infinity
  for (const word of wordlist) {
    const distance = editDistance(typed.slice(0, 2 * word.length), word)
    const isNearer = distance < bestDistance
    if (!isNearer && !(distance === bestDistance && commonPrefix(typed, word) > commonPrefix(typed, best))) continue
    best = word
    bestDistance = distance
  }
  return best
}

function commonPrefix(a: string, b: string): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length++
  return length
}

/** Insertions, deletions, changes and swaps of neighbours that make one text of the other. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Infinity
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row[j] = Math.min(
        at(i - 1, j) + 1,
        at(i, j - 1) + 1,
        at(i - 1, j - 1) + change,
        isSwap ? at(i - 2, j - 2) + 1 : Infinity,
      )
    }
  }
  return at(a.length, b.length)
}

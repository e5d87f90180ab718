/** Chance from a seed: every source of randomness in a simulation is a named fork of one generator. */

export interface SimRandom {
  /** From 0 (in) to 1 (out). */
  next(): number
  /** A whole number from 0 (in) to `limit` (out). */
  readonly below: (limit: number) => number
  /** A whole number from `low` (in) to `high` (in). */
  between(low: number, high: number): number
  chance(probability: number): boolean
  /** @throws RangeError when there is nothing to pick from. */
  pick<T>(items: readonly T[]): T
  bytes(length: number): Uint8Array
  /** Another generator that depends on this one's name only, not on what was drawn from it. */
  fork(name: string): SimRandom
}

export function createSimRandom(name: string): SimRandom {
  const draw = sfc32(name)
  const next = (): number => draw() / 0x1_0000_0000
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    next,
    below,
    between: (low, high) => low + below(high - low + 1),
    chance: (probability) => probability > 0 && next() < probability,
    pick: (items) => {
      const item = items[below(items.length)]
      if (item === undefined) throw new RangeError('nothing to pick from')
      return item
    },
    bytes: (length) => Uint8Array.from({ length }, () => draw() >>> 24),
    fork: (child) => createSimRandom(`${name}/${child}`),
  }
}

/** Chris Doty-Humphrey's sfc32 (PractRand): 128 bits of state, 32 bits a draw. The state is four FNV-1a hashes of the name. */
function sfc32(name: string): () => number {
  let [a, b, c, counter] = [hashText(`a${name}`), hashText(`b${name}`), hashText(`c${name}`), 1]
  const draw = (): number => {
    const result = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + result) | 0
    return result >>> 0
  }
  for (let i = 0; i < 12; i++) draw()
  return draw
}

const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

/** FNV-1a over UTF-16 code units, 32 bits; continues from an earlier hash. */
export function hashText(text: string, from: number = FNV_OFFSET): number {
  let hash = from
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME)
  return hash >>> 0
}

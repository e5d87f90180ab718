/** The last fine lists that were made: who asks next for the same change gets them without a cut. A blob's list never changes. */

import type { BlobHash } from '../../protocol/ids.ts'
import type { Region } from '../../protocol/fine-cut.ts'

/** One list, and all together: changes of some GiB. Longer ones are not kept. */
export const LIST_BYTES_MAX = 512 * 1024
const BYTES_MAX = 4 * LIST_BYTES_MAX

export class FineLists {
  /** By what they are of; the one that was asked for last at the end. */
  readonly #lists = new Map<string, Uint8Array>()
  #bytes = 0

  find(hash: BlobHash, region: Region, averageBits: number): Uint8Array | undefined {
    const key = keyOf(hash, region, averageBits)
    const list = this.#lists.get(key)
    if (list === undefined) return undefined
    this.#lists.delete(key)
    this.#lists.set(key, list)
    return list
  }

  /** Keeps the list of a whole region; the oldest go. */
  keep(hash: BlobHash, region: Region, averageBits: number, parts: readonly Uint8Array[]): void {
    const list = joined(parts)
    const key = keyOf(hash, region, averageBits)
    if (this.#lists.has(key)) return
    this.#lists.set(key, list)
    this.#bytes += list.length
    for (const [oldest, { length }] of this.#lists) {
      if (this.#bytes <= BYTES_MAX) return
      this.#lists.delete(oldest)
      this.#bytes -= length
    }
  }
}

/** Some parts of a list, one behind the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function keyOf(hash: BlobHash, { start, end }: Region, averageBits: number): string {
  return `${hash} ${averageBits} ${start} ${end}`
}

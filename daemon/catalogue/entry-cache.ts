/**
 * Entries that were lately read or written, with their rows' bodies: one pass looks at the same entry several times, and to decode
 * it takes longer than to find it. A body is taken for known only when all of its bytes are the same.
 */

import type { Entry } from '../../protocol/entry.ts'

/** Entries of one generation: some megabytes. */
const GENERATION_MAX = 2048
/** Bytes of the check value at the end of each body, which makes a key of it. */
const KEY_BYTES = 4

interface Known {
  readonly body: Uint8Array
  readonly entry: Entry
}

export class EntryCache {
  #young = new Map<number, Known>()
  #old = new Map<number, Known>()
  #bodies = new WeakMap<Entry, Uint8Array>()

  entryOf(body: Uint8Array): Entry | undefined {
    const key = keyOf(body)
    const known = this.#young.get(key) ?? this.#old.get(key)
    return known !== undefined && Buffer.compare(known.body, body) === 0 ? known.entry : undefined
  }

  bodyOf(entry: Entry): Uint8Array | undefined {
    return this.#bodies.get(entry)
  }

  keep(body: Uint8Array, entry: Entry): void {
    this.#bodies.set(entry, body)
    this.#young.set(keyOf(body), { body, entry })
    if (this.#young.size < GENERATION_MAX) return
    this.#old = this.#young
    this.#young = new Map()
  }

  /** The numbers of devices, which are part of each body, may mean others now. */
  clear(): void {
    this.#young = new Map()
    this.#old = new Map()
    this.#bodies = new WeakMap()
  }
}

function keyOf(body: Uint8Array): number {
  let key = body.length
  for (let at = Math.max(0, body.length - KEY_BYTES); at < body.length; at += 1) key = key * 256 + (body[at] ?? 0)
  return key
}

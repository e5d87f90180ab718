/**
 * Entries that were lately read or written, by their rows: a pass looks at the same entry several times, and to read and decode it
 * takes longer than to find it. A row never changes its entry; once it is gone, its number may be another's.
 */

import type { Entry } from '../../protocol/entry.ts'

/** Entries of one generation: some megabytes. */
const GENERATION_MAX = 2048

interface Place {
  readonly folderNo: number
  readonly row: number
}

export class EntryCache {
  #young = new Map<number, Entry>()
  #old = new Map<number, Entry>()
  #places = new WeakMap<Entry, Place>()

  entryAt(row: number): Entry | undefined {
    return this.#young.get(row) ?? this.#old.get(row)
  }

  /** The row of this very object in a folder. */
  rowOf(entry: Entry, folderNo: number): number | undefined {
    const place = this.#places.get(entry)
    return place?.folderNo === folderNo && this.entryAt(place.row) === entry ? place.row : undefined
  }

  keep(place: Place, entry: Entry): void {
    this.#places.set(entry, place)
    this.#young.set(place.row, entry)
    if (this.#young.size < GENERATION_MAX) return
    this.#old = this.#young
    this.#young = new Map()
  }

  forget(row: number): void {
    this.#young.delete(row)
    this.#old.delete(row)
  }

  clear(): void {
    this.#young = new Map()
    this.#old = new Map()
    this.#places = new WeakMap()
  }
}

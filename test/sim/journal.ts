/**
 * Changes of names that wait for a sync, and which of them a power cut keeps.
 *
 * The model is ext4 or worse: a rename is one change, so it is kept or lost whole; changes of one inode or of one name keep
 * their order; a name needs its directory, and the removal of a directory needs what was done in it before. Beyond that any
 * subset may be lost, also an older change of which a younger one is kept.
 */

import type { Inode, NameEntry } from './inode.ts'

export interface NameEdit {
  readonly directory: Inode
  /** The folded name. */
  readonly key: string
  readonly before: NameEntry | undefined
  readonly after: NameEntry | undefined
}

interface Change {
  readonly edits: readonly NameEdit[]
  readonly needs: readonly Change[]
  readonly timeUs: number
  isSynced: boolean
}

/** How long an operating system keeps a change to itself. */
export const WRITEBACK_US = 30_000_000

export class Journal {
  #changes: Change[] = []
  readonly #lastOfInode = new Map<Inode, Change>()
  readonly #lastOfName = new Map<Inode, Map<string, Change>>()

  /** Notes what was just done to names. */
  record(edits: readonly NameEdit[], nowUs: number): void {
    this.#writeBack(nowUs - WRITEBACK_US)
    const change: Change = { edits, needs: this.#needsOf(edits), timeUs: nowUs, isSynced: false }
    this.#changes.push(change)
    for (const { directory, key, before, after } of edits) {
      if (before !== undefined) this.#lastOfInode.set(before.inode, change)
      if (after !== undefined) this.#lastOfInode.set(after.inode, change)
      const names = this.#lastOfName.get(directory) ?? new Map<string, Change>()
      this.#lastOfName.set(directory, names.set(key, change))
    }
  }

  #needsOf(edits: readonly NameEdit[]): Change[] {
    const needs = new Set<Change>()
    const need = (change: Change | undefined): void => {
      if (change?.isSynced === false) needs.add(change)
    }
    for (const { directory, key, before, after } of edits) {
      need(this.#lastOfInode.get(directory))
      need(this.#lastOfName.get(directory)?.get(key))
      if (after !== undefined) need(this.#lastOfInode.get(after.inode))
      if (before === undefined) continue
      need(this.#lastOfInode.get(before.inode))
      for (const change of this.#lastOfName.get(before.inode)?.values() ?? []) need(change)
    }
    return [...needs]
  }

  /** Makes everything that was done in a directory durable, with all that it needs. */
  sync(directory: Inode): void {
    for (const change of this.#changes) {
      if (change.edits.some((edit) => edit.directory === directory)) syncChange(change)
    }
    this.#forgetSynced()
  }

  syncAll(): void {
    for (const change of this.#changes) syncChange(change)
    this.#forgetSynced()
  }

  /** Syncs what a power cut happens to keep, and forgets the rest. */
  cut(nowUs: number, chance: () => number): void {
    this.#writeBack(nowUs - WRITEBACK_US)
    const keep = chance()
    const isOrdered = chance() < 0.5
    for (const change of this.#changes) {
      if (chance() < keep && change.needs.every((needed) => needed.isSynced)) syncChange(change)
      else if (isOrdered) break
    }
    this.#changes = []
    this.#forgetSynced()
  }

  #writeBack(latestUs: number): void {
    if ((this.#changes[0]?.timeUs ?? Infinity) > latestUs) return
    for (const change of this.#changes) if (change.timeUs <= latestUs) syncChange(change)
    this.#forgetSynced()
  }

  #forgetSynced(): void {
    this.#changes = this.#changes.filter((change) => !change.isSynced)
    if (this.#changes.length > 0) return
    this.#lastOfInode.clear()
    this.#lastOfName.clear()
  }
}

function syncChange(change: Change): void {
  if (change.isSynced) return
  change.isSynced = true
  for (const needed of change.needs) syncChange(needed)
  for (const { directory, key, after } of change.edits) {
    if (after === undefined) directory.syncedNames.delete(key)
    else directory.syncedNames.set(key, after)
  }
}

/** What a catalogue says of one folder, kept in maps, from its port's own words: slow, short and plain. */

import type { FolderTotals, OwnRow } from '../../daemon/catalogue-port.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import type { Entry } from '../../protocol/entry.ts'
import { entryDigest } from '../../protocol/entry.ts'
import type { BlobHash, DeviceId } from '../../protocol/ids.ts'
import type { DirPath, RelPath } from '../../protocol/path.ts'
import { isBelow, nameOf, parentOf } from '../../protocol/path.ts'

interface Mark {
  /** Newer marks have larger ones. */
  order: number
  waitsFor: BlobHash | null
}

export interface SeenMark {
  readonly path: RelPath
  readonly order: number
}

const DIGEST_BITS = 256

export class CatalogueModel {
  readonly own = new Map<RelPath, OwnRow & { isPublished: boolean }>()
  readonly said = new Map<DeviceId, Map<RelPath, Entry>>()
  readonly dirty = new Map<RelPath, Mark>()
  #order = 0

  copy(): CatalogueModel {
    const copy = new CatalogueModel()
    for (const [path, row] of this.own) copy.own.set(path, { ...row })
    for (const [device, said] of this.said) copy.said.set(device, new Map(said))
    for (const [path, mark] of this.dirty) copy.dirty.set(path, { ...mark })
    copy.#order = this.#order
    return copy
  }

  setOwn(row: OwnRow, by: 'observed' | 'resolved'): void {
    this.own.set(row.entry.path, { ...row, isPublished: false })
    if (by === 'observed' && this.isDisputed(row.entry.path)) this.markDirty([row.entry.path])
  }

  markDirty(paths: Iterable<RelPath>): void {
    this.#order += 1
    for (const path of paths) this.dirty.set(path, { order: this.#order, waitsFor: null })
  }

  applyEntries(device: DeviceId, entries: readonly Entry[]): void {
    const said = this.said.get(device) ?? new Map<RelPath, Entry>()
    this.said.set(device, said)
    const news = entries.filter((entry) => {
      const isFirst = !said.has(entry.path)
      said.set(entry.path, entry)
      return !(isFirst && this.isMadeTrue(entry))
    })
    this.markDirty(news.map(({ path }) => path))
  }

  /** Whether this device says the same, and its disk is so. */
  isMadeTrue(entry: Entry): boolean {
    const own = this.own.get(entry.path)
    if (own === undefined || JSON.stringify(own.entry) !== JSON.stringify(entry)) return false
    return own.fingerprint !== null || !isLive(own.entry)
  }

  forgetPeer(device: DeviceId): void {
    this.markDirty(this.said.get(device)?.keys() ?? [])
    this.said.delete(device)
  }

  clearDirty(marks: readonly SeenMark[]): void {
    for (const { path, order } of marks) {
      const mark = this.dirty.get(path)
      if (mark !== undefined && mark.order <= order) this.dirty.delete(path)
    }
  }

  setWaiting({ path, order }: SeenMark, hash: BlobHash): void {
    const mark = this.dirty.get(path)
    if (mark !== undefined && mark.order <= order) mark.waitsFor = hash
  }

  /** @param hash null: every blob. */
  landed(hash: BlobHash | null): number {
    const waiting = [...this.dirty.values()].filter(({ waitsFor }) => waitsFor !== null)
    const come = waiting.filter(({ waitsFor }) => hash === null || waitsFor === hash)
    for (const mark of come) mark.waitsFor = null
    return come.length
  }

  marks(): SeenMark[] {
    return [...this.dirty].map(([path, { order }]) => ({ path, order }))
  }

  /** What anybody else says and holds, each distinct entry once. */
  others(path: RelPath): { entry: Entry; holders: DeviceId[] }[] {
    const found = new Map<string, { entry: Entry; holders: DeviceId[] }>()
    for (const [device, said] of this.said) {
      const entry = said.get(path)
      if (entry?.isHeld !== true) continue
      const key = JSON.stringify(entry)
      const known = found.get(key) ?? { entry, holders: [] }
      found.set(key, { entry, holders: [...known.holders, device].sort() })
    }
    return [...found.values()]
  }

  /** Whether another device says what this one does not say word for word. */
  isDisputed(path: RelPath): boolean {
    const own = JSON.stringify(this.own.get(path)?.entry)
    return this.others(path).some(({ entry }) => JSON.stringify(entry) !== own)
  }

  dirtyDeletes(): number {
    const isDeletion = (path: RelPath): boolean =>
      isLive(this.own.get(path)?.entry) && this.others(path).some(({ entry }) => entry.content.kind === 'deleted')
    return [...this.dirty.keys()].filter(isDeletion).length
  }

  totals(crypto: Crypto): FolderTotals {
    const entries = [...this.own.values()].map(({ entry }) => entry)
    const live = entries.filter((entry) => isLive(entry))
    const files = live.flatMap(({ content }) => (content.kind === 'file' ? [content] : []))
    const held = entries.filter(({ isHeld }) => isHeld)
    const sum = held.reduce((total, entry) => total + numberOf(entryDigest(entry, crypto)), 0n)
    return {
      live: live.length,
      files: files.length,
      bytes: files.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0),
      digest: bytesOf(BigInt.asUintN(DIGEST_BITS, sum)),
    }
  }

  rows(choose: (row: OwnRow) => boolean, order: (a: RelPath, b: RelPath) => number): OwnRow[] {
    const chosen = [...this.own.values()].filter(choose).map(({ entry, fingerprint }) => ({ entry, fingerprint }))
    return chosen.sort((a, b) => order(a.entry.path, b.entry.path))
  }

  /** Live ones first, then by directory and name. */
  unpublished(): Entry[] {
    const rows = [...this.own.values()].filter(({ isPublished }) => !isPublished).map(({ entry }) => entry)
    return rows.sort((a, b) => Number(isLive(b)) - Number(isLive(a)) || byPlace(a.path, b.path))
  }

  livePaths(directory: DirPath): RelPath[] {
    const own = [...this.own.values()].map(({ entry }) => entry)
    const all = [...own, ...[...this.said.values()].flatMap((said) => [...said.values()])]
    const paths = all.filter((entry) => isLive(entry) && isBelow(entry.path, directory)).map(({ path }) => path)
    return [...new Set(paths)].sort(byBytes)
  }
}

export function isLive(entry: Entry | undefined): boolean {
  return entry?.isHeld === true && entry.content.kind !== 'deleted'
}

/** The order of SQLite: that of the UTF-8 bytes. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/** By directory, then by name. */
export function byPlace(a: RelPath, b: RelPath): number {
  return byBytes(parentOf(a), parentOf(b)) || byBytes(nameOf(a), nameOf(b))
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

function bytesOf(number: bigint): Uint8Array {
  return Uint8Array.from(Buffer.from(number.toString(16).padStart(DIGEST_BITS / 4, '0'), 'hex'))
}

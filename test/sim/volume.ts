/**
 * The names and inodes of a simulated disk, and the system calls on them. Each call is done at once; time, faults and
 * watchers are the disk's. Paths are absolute and no symbolic link is ever followed.
 */

import { Errno } from './errno.ts'
import { Inode } from './inode.ts'
import type { InodeKind, NameEntry } from './inode.ts'
import { Journal, WRITEBACK_US } from './journal.ts'
import type { NameEdit } from './journal.ts'

export interface VolumeTraits {
  readonly isCaseSensitive: boolean
  readonly holdsExecutableBit: boolean
  readonly holdsSymlinks: boolean
  /** Names that Windows has another use for are refused. */
  readonly isWindows: boolean
  readonly capacityBytes: number
  /** Bytes that one name may have. */
  readonly nameBytesMax: number
}

/** The directory that holds a name, and the name. */
interface Slot {
  readonly directory: Inode
  readonly name: string
  readonly key: string
  readonly entry: NameEntry | undefined
}

const encoder = new TextEncoder()
/** Of names in the folder; what the simulation itself makes has none of these. */
const WINDOWS_REFUSES = /[<>:"|?*]|[. ]$|^(con|nul|aux|prn)(\.|$)/i

export class Volume {
  readonly traits: VolumeTraits
  isReadOnly = false
  readonly #root: Inode
  readonly #journal = new Journal()
  readonly #nowUs: () => number
  readonly #wallMs: () => number
  readonly #onChange: (directory: Inode) => void
  #inodeNo = 1
  #changeNo = 1
  #usedBytes = 0

  constructor(
    traits: VolumeTraits,
    o: { nowUs: () => number; wallMs: () => number; onChange: (directory: Inode) => void },
  ) {
    this.traits = traits
    this.#nowUs = o.nowUs
    this.#wallMs = o.wallMs
    this.#onChange = o.onChange
    this.#root = this.#make('directory')
  }

  get freeBytes(): number {
    return Math.max(0, this.traits.capacityBytes - this.#usedBytes)
  }

  /** What is at a path; undefined when nothing is, or something above it is no directory. */
  find(path: string): Inode | undefined {
    let at: Inode | undefined = this.#root
    for (const name of partsOf(path)) at = at?.names.get(this.#fold(name))?.inode
    return at
  }

  /** @throws Errno `ENOENT` */
  get(path: string): Inode {
    const inode = this.find(path)
    if (inode === undefined) throw new Errno('ENOENT', path)
    return inode
  }

  /** The names in a directory, as they were written. @throws Errno `ENOTDIR`, `EACCES` */
  list(path: string): NameEntry[] {
    const inode = this.get(path)
    if (inode.kind !== 'directory') throw new Errno('ENOTDIR', path)
    if (!inode.isReadable) throw new Errno('EACCES', path)
    return [...inode.names.values()]
  }

  /** A new inode at a free path. @throws Errno `EEXIST` */
  create(path: string, kind: InodeKind, target = ''): Inode {
    const slot = this.#freeSlot(path)
    const inode = this.#make(kind, target)
    this.#apply([{ ...slot, before: undefined, after: { name: slot.name, inode } }])
    return inode
  }

  /** @throws Errno `EEXIST`, `ENOENT` */
  link(from: string, path: string): void {
    const inode = this.get(from)
    if (inode.kind === 'directory') throw new Errno('EISDIR', from)
    const slot = this.#freeSlot(path)
    this.#apply([{ ...slot, before: undefined, after: { name: slot.name, inode } }])
  }

  /** @throws Errno `ENOENT`, `EISDIR` */
  unlink(path: string): void {
    const slot = this.#slot(path)
    if (slot.entry === undefined) throw new Errno('ENOENT', path)
    if (slot.entry.inode.kind === 'directory') throw new Errno('EISDIR', path)
    this.#apply([{ ...slot, before: slot.entry, after: undefined }])
  }

  /** @throws Errno `ENOTEMPTY`, `ENOTDIR`, `ENOENT` */
  removeDirectory(path: string): void {
    const slot = this.#slot(path)
    if (slot.entry === undefined) throw new Errno('ENOENT', path)
    if (slot.entry.inode.kind !== 'directory') throw new Errno('ENOTDIR', path)
    if (slot.entry.inode.names.size > 0) throw new Errno('ENOTEMPTY', path)
    this.#apply([{ ...slot, before: slot.entry, after: undefined }])
  }

  /** As rename(2): a file at the target is replaced, a directory only when it is empty. */
  rename(from: string, path: string): void {
    const source = this.#slot(from)
    const target = this.#slot(path)
    if (source.entry === undefined) throw new Errno('ENOENT', from)
    const { inode } = source.entry
    const after = { name: target.name, inode }
    if (source.directory === target.directory && source.key === target.key) {
      this.#apply([{ ...source, before: source.entry, after }])
      return
    }
    if (target.entry?.inode === inode) return
    if (target.entry !== undefined) checkReplaceable(inode, target.entry.inode, path)
    this.#apply([
      { ...source, before: source.entry, after: undefined },
      { ...target, before: target.entry, after },
    ])
  }

  /** @throws Errno `ENOSPC` */
  write(path: string, inode: Inode, offset: number, bytes: Uint8Array): void {
    this.#checkWritable(path)
    const grows = Math.max(0, offset + bytes.length - inode.sizeBytes)
    if (grows > this.freeBytes) throw new Errno('ENOSPC', path)
    this.#usedBytes += grows
    inode.write(offset, bytes)
    this.#stamp(inode, this.#wallMs())
    this.#tell(path)
  }

  /** Replaces the content whole, in place. @throws Errno `ENOSPC` */
  replace(path: string, inode: Inode, content: Uint8Array): void {
    this.#checkWritable(path)
    const grows = content.length - inode.sizeBytes
    if (grows > this.freeBytes) throw new Errno('ENOSPC', path)
    this.#usedBytes += grows
    inode.replace(content)
    this.#stamp(inode, this.#wallMs())
    this.#tell(path)
  }

  setTimes(path: string, inode: Inode, mtimeMs: number): void {
    this.#checkWritable(path)
    this.#stamp(inode, mtimeMs)
    this.#tell(path)
  }

  setExecutable(path: string, inode: Inode, isExecutable: boolean): void {
    this.#checkWritable(path)
    inode.isExecutable = isExecutable && this.traits.holdsExecutableBit
    inode.changed(this.#changeNo++, this.#nowUs())
    this.#tell(path)
  }

  syncFile(inode: Inode): void {
    inode.sync()
  }

  syncDirectory(inode: Inode): void {
    this.#journal.sync(inode)
  }

  /** Syncs all names and everything that can be reached by them. */
  syncAll(): void {
    this.#journal.syncAll()
    for (const inode of this.#reachable()) inode.sync()
  }

  /** Loses what no sync has made durable, or some of it. */
  cutPower(chance: () => number): void {
    this.#journal.cut(this.#nowUs(), chance)
    const known = this.#reachable()
    for (const inode of known) if (inode.kind === 'directory') inode.names = new Map(inode.syncedNames)
    const keptUs = this.#nowUs() - WRITEBACK_US
    const left = this.#reachable()
    this.#usedBytes = 0
    for (const inode of left) {
      inode.loseUnsynced({ keptUs, changeNo: this.#changeNo++, chance })
      inode.links = 0
      if (inode.kind === 'file') this.#usedBytes += inode.sizeBytes
    }
    for (const inode of left) for (const entry of inode.names.values()) entry.inode.links += 1
  }

  /** Everything below the root, by volatile and by durable names, each once. */
  #reachable(): Set<Inode> {
    const found = new Set([this.#root])
    for (const inode of found) {
      for (const { inode: child } of inode.names.values()) found.add(child)
      for (const { inode: child } of inode.syncedNames.values()) found.add(child)
    }
    return found
  }

  #make(kind: InodeKind, target = ''): Inode {
    const inode = new Inode(this.#inodeNo++, kind, this.#wallMs(), target)
    inode.changed(this.#changeNo++, this.#nowUs())
    return inode
  }

  #stamp(inode: Inode, mtimeMs: number): void {
    inode.mtimeMs = Math.floor(mtimeMs)
    inode.changed(this.#changeNo++, this.#nowUs())
  }

  #apply(edits: readonly NameEdit[]): void {
    for (const { before, after } of edits)
      if (after !== undefined && after.inode !== before?.inode) after.inode.links += 1
    for (const { directory, key, before, after } of edits) {
      if (after === undefined) directory.names.delete(key)
      else directory.names.set(key, after)
      if (before !== undefined && before.inode !== after?.inode) this.#dropLink(before.inode)
      for (const inode of [before?.inode, after?.inode]) inode?.changed(this.#changeNo++, this.#nowUs())
      directory.mtimeMs = this.#wallMs()
    }
    this.#journal.record(edits, this.#nowUs())
    for (const { directory } of edits) this.#onChange(directory)
  }

  #dropLink(inode: Inode): void {
    inode.links -= 1
    if (inode.links === 0 && inode.kind === 'file') this.#usedBytes -= inode.sizeBytes
  }

  #tell(path: string): void {
    const directory = this.find(path.slice(0, path.lastIndexOf('/')))
    if (directory !== undefined) this.#onChange(directory)
  }

  #freeSlot(path: string): Slot {
    const slot = this.#slot(path)
    if (slot.entry !== undefined) throw new Errno('EEXIST', path)
    if (this.traits.isWindows && WINDOWS_REFUSES.test(slot.name)) throw new Errno('EINVAL', path)
    if (encoder.encode(slot.name).length > this.traits.nameBytesMax) throw new Errno('ENAMETOOLONG', path)
    return slot
  }

  /** For a call that changes the name. */
  #slot(path: string): Slot {
    this.#checkWritable(path)
    const slash = path.lastIndexOf('/')
    const directory = this.get(path.slice(0, slash))
    if (directory.kind !== 'directory') throw new Errno('ENOTDIR', path)
    if (!directory.isReadable) throw new Errno('EACCES', path)
    const name = path.slice(slash + 1)
    const key = this.#fold(name)
    return { directory, name, key, entry: directory.names.get(key) }
  }

  #checkWritable(path: string): void {
    if (this.isReadOnly) throw new Errno('EROFS', path)
  }

  #fold(name: string): string {
    return this.traits.isCaseSensitive ? name : name.normalize('NFC').toLowerCase()
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '')
}

function checkReplaceable(inode: Inode, target: Inode, path: string): void {
  if (target.kind !== 'directory') {
    if (inode.kind === 'directory') throw new Errno('ENOTDIR', path)
  } else if (inode.kind !== 'directory') throw new Errno('EISDIR', path)
  else if (target.names.size > 0) throw new Errno('ENOTEMPTY', path)
}

/** What a name on a simulated disk leads to, with what of it would survive a power cut. */

export type InodeKind = 'file' | 'directory' | 'symlink' | 'special'

/** A name in a directory, as it was written. */
export interface NameEntry {
  readonly name: string
  readonly inode: Inode
}

/** What of a file has been synced. Content is never changed in place while it is referred to from here. */
interface Synced {
  readonly content: Uint8Array
  readonly mtimeMs: number
  readonly isExecutable: boolean
  readonly changeNo: number
}

const EMPTY = new Uint8Array(0)

export class Inode {
  readonly number: number
  readonly kind: InodeKind
  /** Of a symbolic link. */
  readonly target: string
  mtimeMs: number
  isExecutable = false
  /** The system refuses to read it, or to list it. */
  isReadable = true
  /** Another volume is mounted on this directory. */
  isMount = false
  /** Has a size and no bytes, as cloud drives do. */
  isPlaceholder = false
  /** Stands for ctime: a number that grows with every change of any inode. */
  changeNo = 0
  links = 0
  /** Of a directory, by folded name. */
  names = new Map<string, NameEntry>()
  /** The same, as a power cut would leave it. */
  syncedNames = new Map<string, NameEntry>()
  #content: Uint8Array = EMPTY
  #isShared = true
  #synced: Synced | undefined
  #changedUs = 0

  constructor(number: number, kind: InodeKind, mtimeMs: number, target = '') {
    this.number = number
    this.kind = kind
    this.mtimeMs = mtimeMs
    this.target = target
  }

  /** A view that stays true only until the next write: copy what is to last. */
  get content(): Uint8Array {
    return this.#content
  }

  get sizeBytes(): number {
    return this.kind === 'symlink' ? this.target.length : this.#content.length
  }

  /** Whether anything of it waits for a sync. */
  get isDirty(): boolean {
    const synced = this.#synced
    return synced === undefined || synced.changeNo !== this.changeNo || synced.content !== this.#content
  }

  /** To be called with every change of the content, the attributes or the links. */
  changed(changeNo: number, nowUs: number): void {
    this.changeNo = changeNo
    this.#changedUs = nowUs
  }

  /** Replaces all of the content. */
  replace(content: Uint8Array): void {
    this.#content = content
    this.#isShared = true
  }

  /** Writes at an offset; what lies between the old end and the offset becomes zeros. */
  write(offset: number, bytes: Uint8Array): void {
    const end = Math.max(this.#content.length, offset + bytes.length)
    if (this.#isShared || end > this.#content.length) {
      const grown = new Uint8Array(end)
      grown.set(this.#content)
      this.#content = grown
      this.#isShared = false
    }
    this.#content.set(bytes, offset)
  }

  sync(): void {
    this.#isShared = true
    const { mtimeMs, isExecutable, changeNo } = this
    this.#synced = { content: this.#content, mtimeMs, isExecutable, changeNo }
  }

  /**
   * What a power cut leaves: all, some beginning, or nothing of what was written since the last sync; never anything
   * that nobody wrote. Whatever is not exactly an earlier state gets `changeNo`, as a changed ctime would show it.
   */
  loseUnsynced(o: { keptUs: number; changeNo: number; chance: () => number }): void {
    if (this.kind !== 'file' || !this.isDirty || this.#changedUs < o.keptUs) return
    const synced = this.#synced
    const fate = o.chance()
    if (fate < 0.3) return
    if (fate < 0.65 && synced !== undefined) {
      this.#content = synced.content
      Object.assign(this, { mtimeMs: synced.mtimeMs, isExecutable: synced.isExecutable, changeNo: synced.changeNo })
      return
    }
    const kept = Math.floor(o.chance() * (this.#content.length + 1))
    const old = synced === undefined ? EMPTY : synced.content
    this.#content = joinAt(kept, this.#content, old)
    this.changeNo = o.changeNo
  }
}

/** The first bytes of the new content, and what the old one had behind them. */
function joinAt(kept: number, fresh: Uint8Array, old: Uint8Array): Uint8Array {
  const joined = new Uint8Array(Math.max(kept, Math.min(old.length, fresh.length)))
  joined.set(old.subarray(0, joined.length))
  joined.set(fresh.subarray(0, kept))
  return joined
}

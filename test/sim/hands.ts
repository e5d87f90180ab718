/** A person at a device: edits that are done at once, past all ports, and a look at what is there. */

import { createNativeCrypto } from '../../daemon/native-crypto.ts'
import { Errno } from './errno.ts'
import type { Inode, InodeKind } from './inode.ts'
import type { Scheduler } from './scheduler.ts'
import type { Volume } from './volume.ts'

export interface Found {
  /** Relative to where the walk began. */
  readonly path: string
  readonly kind: InodeKind
  /** Of a file. A view: copy what is to last. */
  readonly content: Uint8Array
  readonly target: string
  readonly mtimeMs: number
  readonly isExecutable: boolean
}

export interface WriteOptions {
  /** `in-place` (the default) keeps the inode; `swap` renames a new file over the old one, as editors do. */
  readonly how?: 'in-place' | 'swap'
  readonly mtimeMs?: number
  readonly isExecutable?: boolean
}

const crypto = createNativeCrypto()
const HOLT = '.holt'

/** Paths are absolute on the device's disk. What is wrong to ask (no such file) throws `Errno`. */
export class Hands {
  /** Edits survive a power cut, as they do some seconds after they were made. Switch off to have them lost like others. */
  isDurable = true
  readonly #volume: Volume
  readonly #note: (what: string, path: string) => void
  readonly #mounts = new Map<string, string>()

  constructor(volume: Volume, scheduler: Scheduler, device: string) {
    this.#volume = volume
    this.#note = (what, path) => scheduler.trace.note('hand', device, what, path)
  }

  /** Makes parents as needed. What fails for want of space leaves what was there. */
  write(path: string, content: string | Uint8Array, o: WriteOptions = {}): void {
    this.#note('write', path)
    this.#makeDirectories(directoryOf(path))
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content.slice()
    if (this.#volume.find(path)?.kind === 'directory') throw new Errno('EISDIR', path)
    const isSwap = o.how === 'swap' || this.#volume.find(path)?.kind !== 'file'
    const at = isSwap ? `${path}.tmp~` : path
    const inode = isSwap ? this.#volume.create(at, 'file') : this.#volume.get(at)
    try {
      this.#volume.replace(at, inode, bytes)
    } catch (cause) {
      if (isSwap) this.#volume.unlink(at)
      throw cause
    }
    if (o.isExecutable !== undefined) this.#volume.setExecutable(at, inode, o.isExecutable)
    if (o.mtimeMs !== undefined) this.#volume.setTimes(at, inode, o.mtimeMs)
    if (isSwap) this.#volume.rename(at, path)
    this.#makeDurable(path, inode)
  }

  mkdir(path: string): void {
    this.#note('mkdir', path)
    this.#makeDirectories(path)
  }

  /** A file, a link, or a directory with all that is in it. Removing what is not there succeeds. */
  remove(path: string): void {
    this.#note('remove', path)
    const inode = this.#volume.find(path)
    if (inode !== undefined) this.#removeAll(path, inode)
  }

  /** As `mv`: replaces a file; makes parents as needed. */
  rename(from: string, path: string): void {
    this.#note('rename', `${from} ${path}`)
    this.#makeDirectories(directoryOf(path))
    this.#volume.rename(from, path)
    this.#makeDurable(from)
    this.#makeDurable(path)
  }

  symlink(target: string, path: string): void {
    this.#note('symlink', path)
    this.#makeDirectories(directoryOf(path))
    this.#makeDurable(path, this.#volume.create(path, 'symlink', target))
  }

  link(from: string, path: string): void {
    this.#note('link', path)
    this.#volume.link(from, path)
    this.#makeDurable(path)
  }

  chmod(path: string, isExecutable: boolean): void {
    this.#note('chmod', path)
    this.#volume.setExecutable(path, this.#volume.get(path), isExecutable)
    this.#makeDurable(path, this.#volume.get(path))
  }

  utimes(path: string, mtimeMs: number): void {
    this.#note('utimes', path)
    this.#volume.setTimes(path, this.#volume.get(path), mtimeMs)
    this.#makeDurable(path, this.#volume.get(path))
  }

  /** Something that is neither file, directory nor link. */
  makeSpecial(path: string): void {
    this.#note('special', path)
    this.#makeDurable(path, this.#volume.create(path, 'special'))
  }

  setReadable(path: string, isReadable: boolean): void {
    this.#note('readable', path)
    const inode = this.#volume.get(path)
    inode.isReadable = isReadable
    this.#volume.setTimes(path, inode, inode.mtimeMs)
  }

  /** Takes a directory away as an unmounted disk does: an empty one stands in its place until `mount`. */
  unmount(path: string): void {
    this.#note('unmount', path)
    const aside = `/.unmounted-${this.#mounts.size + 1}`
    this.#mounts.set(path, aside)
    this.#volume.rename(path, aside)
    this.#volume.create(path, 'directory')
    this.#volume.syncAll()
  }

  /** An empty volume is mounted there: what was at the path is out of sight. */
  mountEmpty(path: string): void {
    this.#note('mount empty', path)
    if (this.exists(path)) this.#volume.rename(path, `/.covered-${this.#mounts.size + 1}-${path.replaceAll('/', '-')}`)
    else this.#makeDirectories(directoryOf(path))
    this.#volume.create(path, 'directory').isMount = true
    this.#volume.syncAll()
  }

  mount(path: string): void {
    this.#note('mount', path)
    const aside = this.#mounts.get(path)
    if (aside === undefined) throw new Error(`${path} was not unmounted`)
    this.remove(path)
    this.#volume.rename(aside, path)
    this.#volume.syncAll()
    this.#mounts.delete(path)
  }

  exists(path: string): boolean {
    return this.#volume.find(path) !== undefined
  }

  /** A copy of a file's bytes; undefined when no file is there. */
  read(path: string): Uint8Array | undefined {
    const inode = this.#volume.find(path)
    return inode?.kind === 'file' ? inode.content.slice() : undefined
  }

  readText(path: string): string | undefined {
    const bytes = this.read(path)
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
  }

  /** Everything below a directory, sorted by path; `.holt` only when asked for. */
  walk(directory: string, o: { isWithHolt?: boolean } = {}): Found[] {
    const found: Found[] = []
    const start = this.#volume.find(directory)
    if (start !== undefined) collect(start, '', o.isWithHolt ?? false, found)
    return found.sort((a, b) => (a.path < b.path ? -1 : 1))
  }

  /** What a folder holds, as text that is equal exactly when two folders are: a line a path, mtimes left out. */
  digest(directory: string): string {
    return this.walk(directory).map(describe).join('\n')
  }

  #makeDirectories(path: string): void {
    if (path === '' || this.#volume.find(path)?.kind === 'directory') return
    this.#makeDirectories(directoryOf(path))
    this.#volume.create(path, 'directory')
    this.#makeDurable(path)
  }

  #removeAll(path: string, inode: Inode): void {
    if (inode.kind !== 'directory') this.#volume.unlink(path)
    else {
      for (const entry of inode.names.values()) this.#removeAll(`${path}/${entry.name}`, entry.inode)
      this.#volume.removeDirectory(path)
    }
    this.#makeDurable(path)
  }

  #makeDurable(path: string, inode?: Inode): void {
    if (!this.isDurable) return
    const directory = this.#volume.find(directoryOf(path))
    if (directory !== undefined) this.#volume.syncDirectory(directory)
    if (inode !== undefined) this.#volume.syncFile(inode)
  }
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}

function collect(directory: Inode, prefix: string, isWithHolt: boolean, found: Found[]): void {
  for (const { name, inode } of directory.names.values()) {
    if (name === HOLT && !isWithHolt) continue
    const { kind, content, target, mtimeMs, isExecutable } = inode
    found.push({ path: prefix + name, kind, content, target, mtimeMs, isExecutable })
    if (kind === 'directory') collect(inode, `${prefix}${name}/`, isWithHolt, found)
  }
}

function describe({ path, kind, content, target, isExecutable }: Found): string {
  if (kind === 'symlink') return `${path} -> ${target}`
  if (kind !== 'file') return `${path} ${kind}`
  const hash = Buffer.from(crypto.blake3(content)).toString('hex')
  return `${path} ${hash} ${content.length}${isExecutable ? ' x' : ''}`
}

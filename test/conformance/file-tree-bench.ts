/** What the suite of `FileTree` stands on: a root with its store, and the hands of the person whose folder it is. */

import assert from 'node:assert/strict'
import type {
  BatchLabel,
  BlobStore,
  DiskEntry,
  FileTree,
  Fingerprint,
  StoredBlob,
  TreeChange,
  TreeOutcome,
  VersionName,
  VersionRecord,
} from '../../daemon/ports.ts'
import { createNativeCrypto } from '../../daemon/native-crypto.ts'
import type { Taken } from '../../daemon/versions-port.ts'
import { blobHashOf, deviceIdOf } from '../../protocol/ids.ts'
import type { BlobHash } from '../../protocol/ids.ts'
import { ROOT, ancestorsOf, parseRelPath } from '../../protocol/path.ts'

/** A person's edits, past the port. Paths are relative to the root; parents are made as needed. */
export interface TreeHands {
  write(path: string, content: string, o?: { mtimeMs?: number; executable?: boolean }): void
  symlink(path: string, target: string): void
  makeDirectory(path: string): void
  /** A file, a link, or a directory with all that is in it. */
  remove(path: string): void
  rename(from: string, path: string): void
  /** Of a file; undefined when no file is there. `.holt` can be read, too. */
  read(path: string): string | undefined
  /** Of a symbolic link. */
  target(path: string): string | undefined
  isDirectory(path: string): boolean
  /** Milliseconds, whole. */
  mtimeMs(path: string): number
  isExecutable(path: string): boolean
  /** Names in a directory, sorted. */
  names(path: string): string[]
  /** Takes the marker away, as a disk that is not mounted. */
  unmark(): void
}

/** What a suite is given: a new root. */
export interface OpenedTree extends AsyncDisposable {
  readonly tree: FileTree
  /** The store of the same root. */
  readonly store: BlobStore
  readonly hands: TreeHands
  /** Another program opens the same root, as after a restart. */
  reopen(): Promise<FileTree>
}

export const crypto = createNativeCrypto()
export const { signal } = new AbortController()
export const path = parseRelPath
export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
export const hashOf = (bytes: Uint8Array): BlobHash => blobHashOf(crypto.blake3(bytes))
/** A whole number of seconds: what every file system holds. */
export const MTIME_MS = 1_600_000_000_000

export class TreeBench {
  readonly tree: FileTree
  readonly store: BlobStore
  readonly hands: TreeHands
  readonly opened: OpenedTree
  #versions = 0

  constructor(opened: OpenedTree) {
    this.opened = opened
    this.tree = opened.tree
    this.store = opened.store
    this.hands = opened.hands
  }

  put(text: string): Promise<StoredBlob> {
    return this.store.put(hashOf(bytesOf(text)), bytesOf(text), { signal })
  }

  /** What a scan says of a path; undefined when nothing is there. */
  async find(text: string): Promise<DiskEntry | undefined> {
    const [directory = ROOT] = ancestorsOf(path(text))
    for await (const { entries } of this.tree.scan([directory], { signal })) {
      return entries.find((entry) => entry.path === text)
    }
    return undefined
  }

  async look(text: string): Promise<Fingerprint> {
    const entry = await this.find(text)
    assert.ok(entry !== undefined && entry.kind !== 'blocked', `${text} is not there`)
    return entry.fingerprint
  }

  /** A name of a version, as the daemon makes them. */
  versionName(text: string): VersionName {
    this.#versions += 1
    return `20261121-101112-${this.#versions}~${text}` as VersionName
  }

  /** A file with these words at a path where `expect` is, or nothing. */
  async placing(
    text: string,
    content: string,
    expect: Fingerprint | null = null,
  ): Promise<TreeChange & { kind: 'place' }> {
    const { location: source } = await this.put(content)
    const keepAs = expect === null ? null : this.versionName(text.slice(text.lastIndexOf('/') + 1))
    return { kind: 'place', path: path(text), source, mtimeMs: MTIME_MS, executable: false, expect, keepAs }
  }

  change(...batch: TreeChange[]): Promise<readonly TreeOutcome[]> {
    return this.tree.change(batch, LABEL, { signal })
  }

  /** The kinds of the outcomes, and for failures the reason. */
  async kinds(...batch: TreeChange[]): Promise<string[]> {
    return (await this.change(...batch)).map((outcome) => (outcome.kind === 'failed' ? outcome.reason : outcome.kind))
  }

  async versions(): Promise<VersionRecord[]> {
    return collect(this.tree.versions())
  }

  async versionText(name: VersionName): Promise<string> {
    return textOf(this.tree.readVersion(name, { signal }))
  }
}

export const TAKEN: Taken = { became: 'deleted', by: deviceIdOf(new Uint8Array(32).fill(1)), second: 1_600_000_000 }

export const LABEL: BatchLabel = {
  batch: 'batch-1',
  reasonOf: (at) => `because of ${at}`,
  hashOf: (at) => (at.startsWith('hashed') ? hashOf(bytesOf('old')) : null),
  changeOf: (at) => (at.startsWith('hashed') ? TAKEN : null),
}

export async function textOf(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await collect(pieces)).toString()
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

/** Whether an error has a code of the ports. */
export function hasCode(code: string): (cause: unknown) => boolean {
  return (cause) => cause instanceof Error && 'code' in cause && cause.code === code
}

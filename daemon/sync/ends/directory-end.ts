/** A directory of this machine as an end of a pair: its file tree, and the store where bytes for it arrive. */

import { chunkSize } from '../../../protocol/chunks.ts'
import type { BlobRef, ChunkList } from '../../../protocol/chunks.ts'
import { CHUNK_BYTES } from '../../../protocol/limits.ts'
import type { RelPath } from '../../../protocol/path.ts'
import { nameOf } from '../../../protocol/path.ts'
import { stampOf } from '../../core/conflict.ts'
import type { RetentionRule } from '../../core/retention.ts'
import { expired } from '../../core/retention.ts'
import type { ByteSource, ChangeLabel, End, EndChange } from '../../pair-port.ts'
import type {
  AbortOptions,
  BlobStore,
  Clock,
  FileIdentity,
  FileTree,
  Fingerprint,
  Intent,
  Random,
  StoredBlob,
  TreeChange,
  TreeOutcome,
  VersionName,
  VersionRecord,
} from '../../ports.ts'
import { errorCode } from '../error-code.ts'
import { readInto } from '../read-into.ts'

/** How batches are called of which runs of pairs keep versions. */
const BATCH_PREFIX = 'pair-'
/** As in a folder for which nobody chose anything else. */
const RETENTION: RetentionRule = { days: 30, volumeShare: 0.1, perPath: null, bytes: null }
/** Characters of a file's name that its kept version shows. */
const VERSION_NAME_CHARACTERS = 80

export interface DirectoryEndParts {
  readonly place: string
  readonly tree: FileTree
  readonly store: BlobStore
  readonly clock: Clock
  readonly random: Random
  /** Makes durable what a batch is about to do. */
  readonly begin: (intents: readonly Intent[]) => void
}

export function createDirectoryEnd(parts: DirectoryEndParts): End {
  const { tree } = parts
  const { caseSensitive, executableBit, symlinks } = tree.traits
  return {
    place: parts.place,
    traits: { hashes: true, caseSensitive, executableBit, symlinks },
    list: (directories, o) => tree.scan(directories, o),
    hash: (files, o) => tree.hash(files, o),
    readSmall: (path, maxBytes) => tree.readSmall(path, maxBytes),
    read: (path, o) => tree.read(path, o),
    fetch: (blob, source, o) => fetchBlob(parts.store, blob, source, o),
    change: (batch, label, o) => changeDirectory(parts, batch, label, o),
    collect: () => collect(parts),
    watch: (o) => tree.watch(o),
    [Symbol.asyncDispose]: () => tree[Symbol.asyncDispose](),
  }
}

// ---- Arrival.

type FetchOptions = AbortOptions & { readonly onBytes: (count: number) => void }

/** The source shows other bytes than it did. */
class SourceChanged extends Error {
  override readonly name = 'SourceChanged'
  readonly code = 'changed'
}

async function fetchBlob(store: BlobStore, blob: BlobRef, source: ByteSource, o: FetchOptions): Promise<void> {
  if ((await store.stat(blob.hash)) !== undefined) return
  if (source.chunks !== null && blob.sizeBytes > CHUNK_BYTES) {
    await receiveChunks(store, { ...blob, chunks: source.chunks.digest }, source.chunks, source, o)
    return
  }
  try {
    await store.put(blob.hash, counted(source.read(undefined, o), o), o)
  } catch (cause) {
    if (errorCode(cause) !== 'wrong-hash') throw cause
    throw new SourceChanged(`the bytes of blob ${blob.hash} are not what they were`, { cause })
  }
}

async function* counted(bytes: AsyncIterable<Uint8Array>, { onBytes }: FetchOptions): AsyncIterable<Uint8Array> {
  for await (const piece of bytes) {
    yield piece
    onBytes(piece.length)
  }
}

/** Chunks that are there already are not read again. */
async function receiveChunks(
  store: BlobStore,
  blob: BlobRef,
  chunks: ChunkList,
  source: ByteSource,
  o: FetchOptions,
): Promise<void> {
  await using incoming = await store.receive(blob, chunks, o)
  for (const chunkNo of incoming.missing()) {
    const start = chunkNo * CHUNK_BYTES
    const bytes = new Uint8Array(chunkSize(blob.sizeBytes, chunkNo))
    const isThere = await readInto(source.read({ start, end: start + bytes.length }, o), bytes)
    if (!isThere || (await incoming.write(chunkNo, bytes)) === 'wrong')
      throw new SourceChanged(`chunk ${chunkNo} of blob ${blob.hash} is not what it was`)
    o.onBytes(bytes.length)
  }
  if ((await incoming.commit()) === 'wrong') throw new SourceChanged(`blob ${blob.hash} is not what it was`)
}

// ---- Changes.

/** A change as the tree takes it; undefined where its bytes are not there any more. */
interface Prepared {
  readonly change: TreeChange | undefined
  readonly arriving: FileIdentity | null
}

async function changeDirectory(
  { tree, store, clock, random, begin }: DirectoryEndParts,
  batch: readonly EndChange[],
  label: ChangeLabel,
  o: AbortOptions,
): Promise<readonly TreeOutcome[]> {
  if (batch.length === 0) return []
  const name = `${stampOf(clock.wallMs())}-${hex(random.bytes(3))}`
  const prepared: Prepared[] = []
  for (const [at, change] of batch.entries()) {
    const keepAs = versionName(`${name}-${at + 1}`, change.path)
    const blob = change.kind === 'put' ? await store.stat(change.hash) : undefined
    const arriving = change.kind === 'rename' ? ((await tree.identify(change.from)) ?? null) : (blob?.identity ?? null)
    prepared.push({ change: toTreeChange(change, blob, keepAs), arriving })
  }
  const intents = intentsOf(prepared)
  begin(intents)
  const changes = prepared.flatMap(({ change }) => (change === undefined ? [] : [change]))
  const done = await tree.change(changes, { batch: `${BATCH_PREFIX}${name}`, ...label }, o)
  let next = 0
  const outcomes = prepared.map(({ change }): TreeOutcome => {
    return change === undefined ? { kind: 'changed' } : (done[next++] ?? { kind: 'changed' })
  })
  await putBackHalves(tree, prepared, outcomes, intents)
  return outcomes
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Made here, so a name by its form. */
function versionName(prefix: string, path: RelPath): VersionName {
  return `${prefix}~${[...nameOf(path)].slice(0, VERSION_NAME_CHARACTERS).join('')}` as VersionName
}

function toTreeChange(change: EndChange, blob: StoredBlob | undefined, name: VersionName): TreeChange | undefined {
  switch (change.kind) {
    case 'put': {
      if (blob === undefined) return undefined
      const { path, mtimeMs, executable, expect } = change
      const keepAs = expect === null ? null : name
      return { kind: 'place', path, source: blob.location, mtimeMs, executable, expect, keepAs }
    }
    case 'symlink':
      return { ...change, keepAs: change.expect === null ? null : name }
    case 'remove':
      return { ...change, keepAs: name }
    case 'make-directory':
    case 'rename':
    case 'touch':
    case 'remove-directory':
      return change
  }
}

/**
 * One intent for each path that is empty for a moment: what stood there comes back if the program dies in between. A path that is
 * only emptied needs none.
 */
function intentsOf(prepared: readonly Prepared[]): Intent[] {
  const byPath = new Map<RelPath, Intent>()
  const emptied = new Map<RelPath, Intent['replaced']>()
  for (const { change, arriving } of prepared) {
    if (change === undefined) continue
    const { path } = change
    const replaced = replacedBy(change)
    if (change.kind === 'remove') emptied.set(path, replaced)
    else if (change.kind !== 'remove-directory' && change.kind !== 'touch')
      byPath.set(path, { path, arriving, replaced: replaced ?? emptied.get(path) ?? null })
  }
  return [...byPath.values()]
}

function replacedBy(change: TreeChange): { fingerprint: Fingerprint; keepAs: VersionName } | null {
  if (!('keepAs' in change) || change.keepAs === null || change.expect === null) return null
  return { fingerprint: change.expect, keepAs: change.keepAs }
}

/** Where a file made way and what was to come did not, it comes back. */
async function putBackHalves(
  tree: FileTree,
  prepared: readonly Prepared[],
  outcomes: readonly TreeOutcome[],
  intents: readonly Intent[],
): Promise<void> {
  const emptied = new Set<RelPath>()
  const halves = new Set<RelPath>()
  for (const [at, { change }] of prepared.entries()) {
    if (change === undefined) continue
    const isDone = outcomes[at]?.kind === 'done'
    if (change.kind === 'remove' && isDone) emptied.add(change.path)
    else if (emptied.has(change.path) && !isDone) halves.add(change.path)
  }
  if (halves.size > 0) await tree.recover(intents.filter(({ path }) => halves.has(path)))
}

// ---- What was kept.

/** What a folder of the daemon keeps in the same place has rules of its own. */
async function collect({ tree, clock }: DirectoryEndParts): Promise<void> {
  const records: VersionRecord[] = []
  for await (const record of tree.versions()) if (record.batch.startsWith(BATCH_PREFIX)) records.push(record)
  const names = expired(records, RETENTION, clock.wallMs(), tree.traits.volumeBytes)
  if (names.size > 0) await tree.dropVersions(names)
}

// ---- Only looking.

/** An end for a run that changes nothing. */
export function createLookEnd(
  place: string,
  tree: Pick<FileTree, 'traits' | 'scan' | 'hash' | 'read' | 'readSmall'>,
): End {
  const { caseSensitive, executableBit, symlinks } = tree.traits
  const refuse = (): Promise<never> => Promise.reject(new Error(`${place} is only looked at`))
  return {
    place,
    traits: { hashes: true, caseSensitive, executableBit, symlinks },
    list: (directories, o) => tree.scan(directories, o),
    hash: (files, o) => tree.hash(files, o),
    readSmall: (path, maxBytes) => tree.readSmall(path, maxBytes),
    read: (path, o) => tree.read(path, o),
    fetch: refuse,
    change: refuse,
    collect: refuse,
    watch: () => {
      throw new Error(`${place} is only looked at`)
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

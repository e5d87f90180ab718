/**
 * A folder with as many entries as wanted, held by this device and known from another one, in a catalogue on the disk: made row by
 * row, without a file. What is counted of a step are the pages of the catalogue that it reads, each from a cold cache.
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openCatalogue } from '../../daemon/catalogue/catalogue.ts'
import type { SqliteCatalogue } from '../../daemon/catalogue/catalogue.ts'
import type { PeerPosition } from '../../daemon/catalogue-port.ts'
import { createNativeCrypto } from '../../daemon/native-crypto.ts'
import type { BlobStore, FileTree, Fingerprint } from '../../daemon/ports.ts'
import type { Folder } from '../../daemon/sync/folder.ts'
import { createFolder } from '../../daemon/sync/folder.ts'
import { acceptHead, acceptSegments } from '../../daemon/sync/manifests.ts'
import { publish } from '../../daemon/sync/publish.ts'
import type { Signed, Signer } from '../../protocol/crypto.ts'
import type { Entry } from '../../protocol/entry.ts'
import { KEEP_BOTH } from '../../protocol/folder-options.ts'
import { blobHashOf } from '../../protocol/ids.ts'
import { parseRelPath } from '../../protocol/path.ts'
import { EMPTY_VECTOR, withCounter } from '../../protocol/vector.ts'
import { FOLDER, signerFrom } from './scripted-log.ts'

export const [HERE, THERE] = [signerFrom(1), signerFrom(2)]
const PER_DIRECTORY = 1000
const ROWS_AT_ONCE = 8192
const T_MS = 1_700_000_000_000
/** A page of SQLite's, and so much of each is read. */
const PAGE_BYTES = 4096
const crypto = createNativeCrypto()

export interface LargeSide extends Disposable {
  readonly folder: Folder
  readonly catalogue: SqliteCatalogue
  /** Called each time that somebody waits for a moment. */
  onPause: () => void | Promise<void>
}

/** One device's side, over a catalogue in a directory. */
export function openSide(directory: string, signer: Signer): LargeSide {
  const catalogue = openCatalogue({ file: join(directory, `${signer.device}.db`), self: signer.device, crypto })
  const files = new Map<string, Uint8Array>()
  const folder = createFolder({
    id: FOLDER,
    // A tree that is there, and on which nothing is done; bytes that are nowhere yet.
    tree: { check: () => Promise.resolve('ok'), traits: {} } as unknown as FileTree,
    incoming: { stat: () => Promise.resolve(undefined) } as unknown as BlobStore,
    deps: {
      catalogue,
      crypto,
      signer,
      clock: { wallMs: () => T_MS, monotonicMs: () => 0, sleep: async () => side.onPause() },
      random: { bytes: (length) => new Uint8Array(length) },
      log: { event: () => undefined },
      state: {
        read: (name) => Promise.resolve(files.get(name)),
        write: (name, bytes) => Promise.resolve(void files.set(name, bytes)),
        remove: (name) => Promise.resolve(void files.delete(name)),
        list: () => Promise.resolve([]),
      },
    },
    mode: 'send-receive',
    policy: () => KEEP_BOTH,
  })
  const side: LargeSide = {
    folder,
    catalogue,
    onPause: () => undefined,
    [Symbol.dispose]: () => catalogue[Symbol.dispose](),
  }
  return side
}

/** The file of a number, in the edit of a device. */
export function entryNo(no: number, signer: Signer, edit = 1): Entry {
  const hash = blobHashOf(crypto.blake3(Buffer.from(`${no} ${edit}`)))
  return {
    path: parseRelPath(`d${Math.floor(no / PER_DIRECTORY)}/f${no % PER_DIRECTORY}`),
    content: { kind: 'file', hash, sizeBytes: 10, chunks: null, executable: false },
    mtimeMs: T_MS,
    version: withCounter(EMPTY_VECTOR, signer.device, edit),
    modBy: signer.device,
    t: T_MS + edit,
    isConflictCopy: false,
    isHeld: true,
    extra: [],
  }
}

/** A device has seen these files on its disk. */
export function observe({ catalogue }: LargeSide, entries: readonly Entry[]): void {
  catalogue.transact({ isDurable: false }, (tx) => {
    for (const entry of entries) {
      tx.setOwn(FOLDER, { entry, fingerprint: `look ${entry.path}` as Fingerprint }, 'observed')
    }
  })
}

/** All that is unpublished, in signed segments; they are handed on as they are made. */
export async function publishAll({ folder, catalogue }: LargeSide, take: (head: Signed) => void): Promise<void> {
  for (;;) {
    const done = await publish(folder)
    const head = catalogue.read((tx) => tx.ownHead(FOLDER))?.signed
    assert.ok(head)
    if (done !== 'nothing') take(head)
    if (done !== 'some') return
  }
}

/** One device fetches of another whatever it lacks. @returns the segments */
export function fetch(to: LargeSide, from: LargeSide, head: Signed): Signed[] {
  const author = from.folder.deps.signer.device
  const fetched: Signed[] = []
  for (;;) {
    const outcome = acceptHead(to.folder, author, head)
    if (outcome.kind !== 'want') return fetched
    const { epoch, fromSegNo } = outcome
    const segments = from.catalogue.read((tx) => tx.segments(FOLDER, epoch, fromSegNo, 1024 * 1024))
    assert.ok(acceptSegments(to.folder, author, segments, head, () => true))
    fetched.push(...segments)
  }
}

export const positionOf = (of: LargeSide, at: LargeSide): PeerPosition | undefined =>
  at.catalogue.read((tx) => tx.peerPosition(FOLDER, of.folder.deps.signer.device))

export interface Times {
  /** What was done, and for how long, in milliseconds. */
  (what: string, ms: number): void
}

/** Both devices have all files, and each has heard of the other that it has them. */
export async function fill(directory: string, count: number, time: Times = () => undefined): Promise<void> {
  using here = openSide(directory, HERE)
  using there = openSide(directory, THERE)
  const timed = async (what: string, work: () => void | Promise<void>): Promise<void> => {
    const beganMs = performance.now()
    await work()
    time(what, performance.now() - beganMs)
  }
  for (const side of [here, there]) {
    await timed('rows of a scan', () => {
      for (let no = 0; no < count; no += ROWS_AT_ONCE) {
        const batch = Math.min(ROWS_AT_ONCE, count - no)
        observe(
          side,
          Array.from({ length: batch }, (_, i) => entryNo(no + i, HERE)),
        )
      }
    })
  }
  await timed('segments made and taken, there', () => publishAll(here, (head) => void fetch(there, here, head)))
  await timed('segments made and taken, here', () => publishAll(there, (head) => void fetch(here, there, head)))
  for (const { catalogue } of [here, there]) catalogue.checkpoint()
}

/** The pages of the catalogue that a step reads, from a cold cache; undefined where the system does not tell. */
export async function pagesRead(step: () => unknown): Promise<number | undefined> {
  const before = bytesRead()
  await step()
  const after = bytesRead()
  return before === undefined || after === undefined ? undefined : Math.round((after - before) / PAGE_BYTES)
}

/** What the process has read by calls, from caches too. */
function bytesRead(): number | undefined {
  if (process.platform !== 'linux') return undefined
  return Number(/^rchar: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
}

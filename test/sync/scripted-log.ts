/** A device's own log of a folder, written by hand: rightly, or with whatever a test wants to be wrong with it. */

import { createNativeCrypto, createSigner } from '../../daemon/native-crypto.ts'
import type { Signed, Signer } from '../../protocol/crypto.ts'
import type { Entry } from '../../protocol/entry.ts'
import type { FolderId, SegmentHash } from '../../protocol/ids.ts'
import { folderIdOf } from '../../protocol/ids.ts'
import type { Head, Segment } from '../../protocol/manifest.ts'
import { sealHead, sealSegment, segmentHash } from '../../protocol/manifest.ts'
import { parseRelPath } from '../../protocol/path.ts'

export const FOLDER = folderIdOf(new Uint8Array(16).fill(7))
const T_MS = 1_700_000_000_000
const crypto = createNativeCrypto()

export const signerFrom = (seed: number): Signer => createSigner(new Uint8Array(32).fill(seed))

/** Entries are directories, so that nobody has to fetch what they name. */
export class ScriptedLog {
  readonly signer: Signer
  readonly epoch: number
  readonly folder: FolderId
  readonly segments: Signed[] = []
  #lastSeq = 0
  #lastSegHash: SegmentHash | null = null
  #edits = 0

  constructor(signer: Signer, epoch = T_MS, folder = FOLDER) {
    this.signer = signer
    this.epoch = epoch
    this.folder = folder
  }

  get lastSeq(): number {
    return this.#lastSeq
  }

  /** Goes on with a segment of these directories. */
  add(...names: readonly string[]): Signed {
    const entries = names.map((name) => this.directory(name))
    const signed = this.sealed({ entries })
    this.segments.push(signed)
    this.#lastSeq += entries.length
    this.#lastSegHash = segmentHash(signed, crypto)
    return signed
  }

  /** The next segment, which is not gone on with, as it would be but for some changes. */
  sealed(changes: Partial<Segment>, signer = this.signer): Signed {
    const next: Segment = {
      folder: this.folder,
      device: this.signer.device,
      epoch: this.epoch,
      segNo: this.segments.length,
      firstSeq: this.#lastSeq + 1,
      prevHash: this.#lastSegHash,
      hlc: { ms: T_MS, counter: this.segments.length },
      entries: changes.entries ?? [this.directory('next')],
    }
    return sealSegment({ ...next, ...changes }, signer, crypto)
  }

  head(changes: Partial<Head> = {}, signer = this.signer): Signed {
    const head: Head = {
      folder: this.folder,
      device: this.signer.device,
      epoch: this.epoch,
      lastSeq: this.#lastSeq,
      lastSegHash: this.#lastSegHash,
      liveCount: this.#lastSeq,
      stateDigest: new Uint8Array(32),
      hlc: { ms: T_MS, counter: this.segments.length },
      previous: null,
    }
    return sealHead({ ...head, ...changes }, signer, crypto)
  }

  directory(name: string): Entry {
    this.#edits += 1
    return {
      path: parseRelPath(name),
      content: { kind: 'directory' },
      mtimeMs: T_MS,
      version: [[this.signer.device, this.#edits]],
      modBy: this.signer.device,
      t: T_MS + this.#edits,
      isConflictCopy: false,
      isHeld: true,
      extra: [],
    }
  }
}

/** Manifests: a segment sealed, opened, and its signature checked alone; the terms of a state digest. */

import { checkSignature } from '../../protocol/crypto.ts'
import { entryDigest } from '../../protocol/entry.ts'
import { SEGMENT_ENTRIES_MAX } from '../../protocol/limits.ts'
import type { Segment } from '../../protocol/manifest.ts'
import { openSegment, sealSegment } from '../../protocol/manifest.ts'
import { makeEntries, signer } from './entries.ts'
import { FOLDER, crypto } from './folder.ts'
import type { Micro } from './micro.ts'
import { prepared } from './micro.ts'

const SEGMENTS = 8
const SIGNATURES = 2000

const entries = makeEntries(SEGMENT_ENTRIES_MAX)
const segment: Segment = {
  ...{ folder: FOLDER, device: signer.device, epoch: 0, segNo: 0, firstSeq: 1, prevHash: null },
  hlc: { ms: 1_700_000_000_000, counter: 0 },
  entries,
}

export const manifestEncode: Micro = {
  unit: 'entries',
  open: async () =>
    prepared(() => {
      for (let i = 0; i < SEGMENTS; i += 1) sealSegment(segment, signer, crypto)
      return SEGMENTS * entries.length
    }),
}

export const manifestDecode: Micro = {
  unit: 'entries',
  open: async () => {
    const sealed = sealSegment(segment, signer, crypto)
    return prepared(() => {
      for (let i = 0; i < SEGMENTS; i += 1) openSegment(sealed, crypto)
      return SEGMENTS * entries.length
    })
  },
}

export const manifestVerify: Micro = {
  unit: 'segments',
  open: async () => {
    const sealed = sealSegment(segment, signer, crypto)
    return prepared(() => {
      for (let i = 0; i < SIGNATURES; i += 1) checkSignature('segment', sealed, signer.publicKey, crypto)
      return SIGNATURES
    })
  },
}

export const entryDigests: Micro = {
  unit: 'entries',
  open: async () =>
    prepared(() => {
      for (const entry of entries) entryDigest(entry, crypto)
      return entries.length
    }),
}

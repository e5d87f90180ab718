/** Entries as a device says them of files that it has just seen. */

import { createSigner } from '../../daemon/native-crypto.ts'
import type { Entry } from '../../protocol/entry.ts'
import { blobHashOf } from '../../protocol/ids.ts'
import { parseRelPath } from '../../protocol/path.ts'
import { EMPTY_VECTOR, withCounter } from '../../protocol/vector.ts'
import { crypto } from './folder.ts'

const SEED_BYTES = 32
const PER_DIRECTORY = 100
const FILE_BYTES = 4096

export const signer = createSigner(new Uint8Array(SEED_BYTES).fill(7))

export function makeEntries(count: number): Entry[] {
  const version = withCounter(EMPTY_VECTOR, signer.device, 1)
  return Array.from({ length: count }, (_, i) => ({
    path: parseRelPath(`photos/album-${Math.floor(i / PER_DIRECTORY)}/IMG_${i}.jpg`),
    content: { kind: 'file', hash: hashNo(i), sizeBytes: FILE_BYTES, chunks: null, executable: false },
    mtimeMs: 1_700_000_000_000 + i,
    version,
    modBy: signer.device,
    t: 1_700_000_000_000,
    isConflictCopy: false,
    isHeld: true,
    extra: [],
  }))
}

function hashNo(no: number): ReturnType<typeof blobHashOf> {
  return blobHashOf(crypto.blake3(Buffer.from(String(no))))
}

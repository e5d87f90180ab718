/** Writes many small blobs with synchronous calls: a call takes less time than handing it to a thread. For a thread. */

import { closeSync, constants, fstatSync, openSync, rmSync, writeSync } from 'node:fs'
import type { BlobHash } from '../../protocol/ids.ts'
import { blobHashOf } from '../../protocol/ids.ts'
import { blake3 } from '../blake3.ts'
import type { FileIdentity } from '../ports.ts'
import type { ThreadJob } from '../threads-port.ts'
import { identityOf, nameWhole, temporaryPath } from './store-room.ts'

const FILE_MODE = 0o666
const NEW_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

export interface WriteJob extends ThreadJob<readonly Written[]> {
  readonly kind: 'write'
  /** Of the store. Absolute. */
  readonly directory: string
  readonly blobs: readonly { readonly hash: BlobHash; readonly sizeBytes: number }[]
  /** Of all blobs, one behind the other. */
  readonly bytes: Uint8Array
}

/** What became of a blob: it has its name in the store, its bytes are not its own, or the system refused. */
export type Written =
  | { readonly kind: 'whole'; readonly identity: FileIdentity }
  | { readonly kind: 'wrong-hash' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }

/** One outcome a blob, in order. Nothing stays behind of those that fail. */
export function writeBlobs({ directory, blobs, bytes }: WriteJob): Written[] {
  let at = 0
  return blobs.map(({ hash, sizeBytes }) => {
    at += sizeBytes
    return writeBlob(directory, hash, bytes.subarray(at - sizeBytes, at))
  })
}

function writeBlob(directory: string, hash: BlobHash, bytes: Uint8Array): Written {
  if (blobHashOf(blake3(bytes)) !== hash) return { kind: 'wrong-hash' }
  const temporary = temporaryPath(directory, hash)
  try {
    const identity = writeFile(temporary, bytes)
    return { kind: 'whole', identity: nameWhole(directory, hash, temporary) ?? identity }
  } catch (cause) {
    rmSync(temporary, { force: true })
    if (!(cause instanceof Error && 'code' in cause && typeof cause.code === 'string')) throw cause
    return { kind: 'failed', code: cause.code, message: cause.message }
  }
}

function writeFile(path: string, bytes: Uint8Array): FileIdentity {
  const fd = openSync(path, NEW_FLAGS, FILE_MODE)
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
    return identityOf(fstatSync(fd, { bigint: true }))
  } finally {
    closeSync(fd)
  }
}

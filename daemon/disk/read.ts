/** Reading files of a folder: each range between two looks at the fingerprint. */

import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { lstatSync } from 'node:fs'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { AbortOptions, ByteRange, FileIdentity, Fingerprint } from '../ports.ts'
import { FILE_FLAGS, openDirectoryBeneath } from './beneath.ts'
import { sizeIn } from './change-look.ts'
import type { DiskContext } from './context.ts'
import { TreeError, hasErrno, toTreeError } from './disk-error.ts'
import { fingerprintOf, identityOf } from './fingerprint.ts'
import type { ReadSmall } from './read-batches.ts'

export async function* readFile(
  context: DiskContext,
  readSmallFile: ReadSmall,
  path: RelPath,
  { range, into, expect, signal }: AbortOptions & { range?: ByteRange; into?: Uint8Array; expect: Fingerprint },
): AsyncIterable<Uint8Array> {
  signal.throwIfAborted()
  const sizeBytes = sizeIn(expect)
  if (sizeBytes <= CHUNK_BYTES && (range === undefined || (range.start === 0 && range.end === sizeBytes))) {
    yield await readSmallFile({ path, expect }, { signal })
    return
  }
  await using file = await openFile(context, path)
  await checkFingerprint(file, path, expect)
  const { start, end } = range ?? { start: 0, end: (await file.stat()).size }
  for (let at = start; at < end;) {
    signal.throwIfAborted()
    const length = Math.min(CHUNK_BYTES, end - at)
    const bytes = into?.subarray(at - start, at - start + length) ?? new Uint8Array(length)
    const { bytesRead } = await file.read(bytes, 0, bytes.length, at)
    if (bytesRead < bytes.length) throw new TreeError('changed', `${path} has become shorter`)
    await checkFingerprint(file, path, expect)
    yield bytes
    at += bytesRead
  }
}

async function checkFingerprint(file: FileHandle, path: RelPath, expect: Fingerprint): Promise<void> {
  if (fingerprintOf(await file.stat({ bigint: true })) !== expect)
    throw new TreeError('changed', `${path} is not what it was`)
}

async function openFile(context: DiskContext, path: RelPath): Promise<FileHandle> {
  const names = context.names.components(path)
  try {
    using directory = openDirectoryBeneath(context.root, names.slice(0, -1))
    return await open(directory.child(names.at(-1) ?? ''), FILE_FLAGS)
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw new TreeError('changed', `${path} is not there`, { cause })
    throw toTreeError(cause, path)
  }
}

export async function readSmall(context: DiskContext, path: RelPath, maxBytes: number): Promise<string | undefined> {
  try {
    await using file = await openFile(context, path)
    const stats = await file.stat()
    if (!stats.isFile() || stats.size > maxBytes) return undefined
    return await file.readFile('utf8')
  } catch (cause) {
    if (cause instanceof TreeError) return undefined
    throw cause
  }
}

export function identify(context: DiskContext, path: RelPath): FileIdentity | undefined {
  const names = context.names.components(path)
  try {
    using directory = openDirectoryBeneath(context.root, names.slice(0, -1))
    return identityOf(lstatSync(directory.child(names.at(-1) ?? ''), { bigint: true }))
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined
    throw toTreeError(cause, path)
  }
}

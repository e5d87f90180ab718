/** A directory that is not a folder yet: what is at a path, and every file below it with its hash. */

import { constants } from 'node:fs'
import { access, lstat, readFile, readdir, realpath, stat, statfs } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Crypto } from '../../protocol/crypto.ts'
import type { FolderId } from '../../protocol/ids.ts'
import { parseFolderId } from '../../protocol/ids.ts'
import type { DirPath } from '../../protocol/path.ts'
import { HOLT_DIRECTORY, ROOT } from '../../protocol/path.ts'
import type { AbortOptions, Clock, RootTraits } from '../ports.ts'
import { markerFile } from './context.ts'
import type { DiskContext } from './context.ts'
import { hasErrno } from './disk-error.ts'
import type { Threads } from '../threads-port.ts'
import { hashFiles } from './hash.ts'
import { DiskNames } from './names.ts'
import { scanDirectories } from './scan.ts'

export interface PathFacts {
  readonly realPath: string
  readonly exists: boolean
  readonly isDirectory: boolean
  readonly isEmpty: boolean
  readonly parentExists: boolean
  readonly marker: FolderId | null
  readonly isWritable: boolean
  readonly freeBytes: number
  readonly volumeBytes: number
}

export async function inspectPath(path: string): Promise<PathFacts> {
  const found = await stat(path).catch(absent)
  const parent = await stat(dirname(path)).catch(absent)
  const realPath = found === undefined ? await realBelow(path) : await realpath(path)
  const volume =
    found !== undefined || parent !== undefined ? await statfs(found === undefined ? dirname(path) : path) : undefined
  const isDirectory = found?.isDirectory() === true
  const names = isDirectory ? await readdir(path).catch(() => []) : []
  return {
    realPath,
    exists: found !== undefined,
    isDirectory,
    isEmpty: names.every((name) => name === HOLT_DIRECTORY),
    parentExists: parent?.isDirectory() === true,
    marker: isDirectory ? await markerAt(path) : null,
    isWritable: await isWritable(found === undefined ? dirname(path) : path),
    freeBytes: volume === undefined ? 0 : volume.bavail * volume.bsize,
    volumeBytes: volume === undefined ? 0 : volume.blocks * volume.bsize,
  }
}

function absent(cause: unknown): undefined {
  if (!hasErrno(cause, 'ENOENT', 'ENOTDIR')) throw cause
}

/** The path with all links above it resolved. */
async function realBelow(path: string): Promise<string> {
  const parent = await realpath(dirname(path)).catch(() => dirname(path))
  return join(parent, basename(path))
}

async function markerAt(path: string): Promise<FolderId | null> {
  const text = await readFile(markerFile(path), 'utf8').catch(() => undefined)
  try {
    return text === undefined ? null : parseFolderId(text.trim())
  } catch {
    return null
  }
}

async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  )
}

export interface LocalFile {
  readonly path: string
  readonly sizeBytes: number
  readonly hash: string
}

const TRAITS: RootTraits = {
  caseSensitive: true,
  executableBit: true,
  symlinks: true,
  windowsNames: false,
  volumeBytes: 0,
}

/** Every regular file below a directory. */
export async function* localFiles(
  root: string,
  folder: FolderId,
  parts: { readonly threads: Threads; readonly crypto: Crypto; readonly clock: Clock },
  o: AbortOptions,
): AsyncIterable<LocalFile> {
  const context: DiskContext = { root, folder, names: new DiskNames(), clock: parts.clock, traits: TRAITS }
  const watching = { add: () => undefined }
  let level: DirPath[] = (await lstat(root)).isDirectory() ? [ROOT] : []
  while (level.length > 0) {
    const next: DirPath[] = []
    for await (const { entries } of scanDirectories(context, parts.threads, level, watching, o)) {
      next.push(...entries.flatMap((entry) => (entry.kind === 'directory' ? [entry.path] : [])))
      const files = entries.flatMap((entry) => (entry.kind === 'file' ? [entry] : []))
      for await (const hashed of hashFiles(context, parts.threads, parts.crypto, files, o)) {
        if (hashed.kind === 'hashed') yield { path: hashed.path, sizeBytes: hashed.sizeBytes, hash: hashed.hash }
      }
    }
    level = next
  }
}

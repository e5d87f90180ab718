/** Lists one directory with synchronous calls: in a worker, several times faster than promises. */

import type { BigIntStats } from 'node:fs'
import { lstatSync, readdirSync, readlinkSync } from 'node:fs'
import { openDirectoryBeneath } from './beneath.ts'
import type { OpenDirectory } from './beneath.ts'
import { TreeError, hasErrno } from './disk-error.ts'
import { fingerprintOf, isExecutable, mtimeMsOf } from './fingerprint.ts'
import type { Listed, ListedName, Place } from './worker-jobs.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

export function listDirectory({ root, names }: Place): Listed {
  try {
    using directory = openDirectoryBeneath(root, names)
    const device = lstatSync(root, { bigint: true }).dev
    const listed: ListedName[] = []
    for (const name of readdirSync(directory.path, { encoding: 'buffer' })) {
      const found = describe(directory, name, device)
      if (found !== undefined) listed.push(found)
    }
    return { state: 'listed', names: listed }
  } catch (cause) {
    if (hasErrno(cause, 'EACCES', 'EPERM')) return { state: 'unreadable', names: [] }
    const isAbsent = hasErrno(cause, 'ENOENT', 'ENOTDIR', 'ELOOP') || cause instanceof TreeError
    if (isAbsent) return { state: 'absent', names: [] }
    throw cause
  }
}

/** Undefined when it is gone by now. */
function describe(directory: OpenDirectory, bytes: Uint8Array, device: bigint): ListedName | undefined {
  const name = textOf(bytes)
  if (name === undefined) return { kind: 'not-text', name: new TextDecoder().decode(bytes) }
  try {
    return toListed(name, directory, lstatSync(directory.child(name), { bigint: true }), device)
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT')) return undefined
    if (hasErrno(cause, 'EACCES', 'EPERM', 'EIO')) return { kind: 'unreadable', name }
    throw cause
  }
}

function toListed(name: string, directory: OpenDirectory, stats: BigIntStats, device: bigint): ListedName {
  const mtimeMs = mtimeMsOf(stats)
  if (stats.isDirectory()) return { kind: 'directory', name, mtimeMs, isMount: stats.dev !== device }
  const fingerprint = fingerprintOf(stats)
  if (stats.isFile()) {
    return { kind: 'file', name, fingerprint, sizeBytes: Number(stats.size), mtimeMs, executable: isExecutable(stats) }
  }
  if (!stats.isSymbolicLink()) return { kind: 'special', name }
  const target = textOf(readlinkSync(directory.child(name), { encoding: 'buffer' }))
  return target === undefined ? { kind: 'not-text', name } : { kind: 'symlink', name, fingerprint, mtimeMs, target }
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

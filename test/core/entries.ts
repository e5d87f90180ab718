/** Builders of entries for tests: devices with names, contents with a letter, and what fast-check draws of them. */

import fc from 'fast-check'
import type { Content, Entry, FileContent } from '../../protocol/entry.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { deviceIdOf, folderIdOf, parseBlobHash } from '../../protocol/ids.ts'
import type { RelPath } from '../../protocol/path.ts'
import { parseRelPath } from '../../protocol/path.ts'
import type { Vector } from '../../protocol/vector.ts'
import { EMPTY_VECTOR, withCounter } from '../../protocol/vector.ts'

export const FOLDER = folderIdOf(new Uint8Array(16).fill(1))
export const OTHER_FOLDER = folderIdOf(new Uint8Array(16).fill(2))
export const ANNA = deviceNo(1)
export const BEN = deviceNo(2)
export const CLEO = deviceNo(3)
export const DIRECTORY: Content = { kind: 'directory' }
export const DELETED: Content = { kind: 'deleted' }

export function deviceNo(number: number): DeviceId {
  return deviceIdOf(new Uint8Array(32).fill(number))
}

export const at = (path: string): RelPath => parseRelPath(path)

/** A small file whose hash is one hex digit over and over: as many bytes as the digit says. */
export function fileOf(digit: string, executable = false): FileContent {
  const hash = parseBlobHash(digit.repeat(64))
  return { kind: 'file', hash, sizeBytes: Number.parseInt(digit, 16), chunks: null, executable }
}

export function linkTo(target: string): Content {
  return { kind: 'symlink', target }
}

export function vectorOf(...counters: readonly (readonly [DeviceId, number])[]): Vector {
  return counters.reduce<Vector>((vector, [device, counter]) => withCounter(vector, device, counter), EMPTY_VECTOR)
}

/** Made by Anna, in her first edit, unless told otherwise. */
export function entryOf(path: string, content: Content, rest: Partial<Entry> = {}): Entry {
  return {
    path: at(path),
    content,
    mtimeMs: 1000,
    version: vectorOf([ANNA, 1]),
    modBy: ANNA,
    t: 1000,
    isConflictCopy: false,
    isHeld: true,
    extra: [],
    ...rest,
  }
}

export const zContent: fc.Arbitrary<Content> = fc.oneof(
  fc.tuple(fc.constantFrom('1', '2', '3'), fc.boolean()).map(([digit, executable]) => fileOf(digit, executable)),
  fc.constant(DIRECTORY),
  fc.constantFrom('a', 'b').map(linkTo),
  fc.constant(DELETED),
)

/** What a conflict copy is called. Every device that makes it computes the same name and publishes the same entry. */

import type { Crypto } from '../../protocol/crypto.ts'
import type { Content, Entry } from '../../protocol/entry.ts'
import { PATH_BYTES_MAX, PATH_COMPONENT_BYTES_MAX } from '../../protocol/limits.ts'
import type { RelPath } from '../../protocol/path.ts'
import { childOf, nameOf, parentOf } from '../../protocol/path.ts'

/** Conflict copies of conflict copies: how often the mark may stand in one name. */
const MARKS_MAX = 3
const MARK = '.conflict-'
/** Bytes of what counts as the extension of a name; anything longer is part of it. */
const EXTENSION_BYTES_MAX = 32
const DEVICE_CHARACTERS = 7
const HASH_CHARACTERS = 4
const utf8 = new TextEncoder()

/** What had to give way. */
export interface Loser {
  /** When it was changed: milliseconds since 1970. */
  readonly t: number
  /** Whose it was: a device, or a side of a pair. */
  readonly modBy: string
  readonly content: Content
}

/**
 * `name.conflict-20261121-143005-<last 7 of modBy>-<hash 4>.ext`, shortened where names or paths would get too long; undefined
 * when the name has enough marks already, or no name fits.
 */
export function conflictPath(path: RelPath, loser: Loser, crypto: Pick<Crypto, 'blake3'>): RelPath | undefined {
  const name = nameOf(path)
  if (name.split(MARK).length > MARKS_MAX) return undefined
  const { stem, extension } = splitName(name)
  const mark = `${MARK}${stampOf(loser.t)}-${loser.modBy.slice(-DEVICE_CHARACTERS)}-${shortHash(loser, crypto)}`
  const directory = parentOf(path)
  const nameBytesMax = Math.min(PATH_COMPONENT_BYTES_MAX, PATH_BYTES_MAX - utf8.encode(directory).length - 1)
  const room = nameBytesMax - utf8.encode(mark + extension).length
  return room < 0 ? undefined : childOf(directory, shortened(stem, room) + mark + extension)
}

/** The entry of the copy: the loser's own vector, so that a later deletion of the copy dominates a late maker. */
export function conflictCopy(path: RelPath, loser: Entry): Entry {
  return { ...loser, path, isConflictCopy: true, isHeld: true }
}

/** The path that a conflict copy was made for, whatever device made it; undefined for any other name. */
export function originalOf(path: RelPath): RelPath | undefined {
  const name = nameOf(path)
  const at = name.lastIndexOf(MARK)
  if (at <= 0) return undefined
  const { extension } = splitName(name)
  const isWhole = extension.includes(MARK)
  return childOf(parentOf(path), name.slice(0, at) + (isWhole ? '' : extension))
}

function splitName(name: string): { stem: string; extension: string } {
  const dot = name.lastIndexOf('.')
  const isShort = utf8.encode(name.slice(dot)).length <= EXTENSION_BYTES_MAX
  const isExtension = dot > 0 && isShort && !name.slice(dot).startsWith(MARK)
  return isExtension ? { stem: name.slice(0, dot), extension: name.slice(dot) } : { stem: name, extension: '' }
}

/** `20261121-143005`, UTC. */
export function stampOf(ms: number): string {
  const iso = new Date(Math.min(ms, 8.64e15)).toISOString()
  return iso.slice(0, 19).replaceAll('-', '').replaceAll(':', '').replace('T', '-')
}

function shortHash(loser: Loser, crypto: Pick<Crypto, 'blake3'>): string {
  const { content } = loser
  if (content.kind === 'file') return content.hash.slice(0, HASH_CHARACTERS)
  const bytes = crypto.blake3(utf8.encode(content.kind === 'symlink' ? content.target : ''))
  return [...bytes.subarray(0, HASH_CHARACTERS / 2)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The longest beginning of a text, in whole characters, that fits into some bytes. */
function shortened(text: string, bytesMax: number): string {
  const characters = [...text]
  while (utf8.encode(characters.join('')).length > bytesMax) characters.pop()
  return characters.join('')
}

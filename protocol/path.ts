/** Paths inside a folder: NFC, `/`, relative. The one parser that stands between foreign text and the file system. */

import type { Brand } from './ids.ts'
import { ProtocolError } from './errors.ts'
import { PATH_BYTES_MAX, PATH_COMPONENT_BYTES_MAX, PATH_DEPTH_MAX } from './limits.ts'

/** A path below a folder's root: NFC, components joined by `/`, none of them empty, `.`, `..` or `.holt`. */
export type RelPath = Brand<string, 'RelPath'>
/** A directory of a folder; the empty text is the root itself. */
export type DirPath = RelPath | typeof ROOT
export const ROOT = ''
/** The directory at a root that belongs to Holt; reserved at every level, in any case. */
export const HOLT_DIRECTORY = '.holt'

const encoder = new TextEncoder()
const UTF8_BYTES_PER_UNIT_MAX = 3

/** Why a text is no path, as a sentence, or undefined when it is one. */
export function pathFault(text: string): string | undefined {
  if (text.length === 0) return 'it is empty'
  if (!text.isWellFormed()) return 'it contains half of a character'
  if (text.normalize('NFC') !== text) return 'it is not in Unicode normal form C'
  if (isLonger(text, PATH_BYTES_MAX)) return `it is longer than ${PATH_BYTES_MAX} bytes`
  const components = text.split('/')
  if (components.length > PATH_DEPTH_MAX) return `it is deeper than ${PATH_DEPTH_MAX} levels`
  for (const component of components) {
    const fault = componentFault(component)
    if (fault !== undefined) return fault
  }
  return undefined
}

function componentFault(component: string): string | undefined {
  if (component === '') return 'it has an empty component'
  if (component === '.' || component === '..') return 'it has a component that is . or ..'
  if (component.toLowerCase() === HOLT_DIRECTORY) return `${HOLT_DIRECTORY} is reserved`
  if (component.includes('\\')) return 'it contains a backslash'
  if (/[\u0000-\u001f\u007f]/.test(component)) return 'it contains a control character'
  if (isLonger(component, PATH_COMPONENT_BYTES_MAX)) {
    return `a component is longer than ${PATH_COMPONENT_BYTES_MAX} bytes`
  }
  return undefined
}

/** In UTF-8, where a unit of a text takes at most three bytes: only what comes near the limit is encoded, for a scan asks very often. */
function isLonger(text: string, bytesMax: number): boolean {
  return text.length * UTF8_BYTES_PER_UNIT_MAX > bytesMax && encoder.encode(text).length > bytesMax
}

/** @throws ProtocolError `bad-field` with the reason. */
export function parseRelPath(value: unknown): RelPath {
  if (typeof value !== 'string') throw new ProtocolError('bad-field', 'a path is text')
  const fault = pathFault(value)
  if (fault !== undefined) throw new ProtocolError('bad-field', `not a path: ${fault}`)
  return value as RelPath
}

/** The directory that contains a path. */
export function parentOf(path: RelPath): DirPath {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? ROOT : (path.slice(0, slash) as RelPath)
}

/** The last component of a path. */
export function nameOf(path: RelPath): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The path of a name in a directory. @throws ProtocolError `bad-field` */
export function childOf(directory: DirPath, name: string): RelPath {
  return parseRelPath(directory === ROOT ? name : `${directory}/${name}`)
}

/** The order of paths in manifests: by their bytes in UTF-8, which is not that of a text's units. */
export function comparePaths(a: RelPath, b: RelPath): number {
  for (let i = 0; i < a.length && i < b.length; i += 1) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (left !== right) return rankOfUnit(left) - rankOfUnit(right)
  }
  return a.length - b.length
}

/** Halves of characters beyond U+FFFF come after all whole ones. */
function rankOfUnit(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x1_0000 : unit
}

/** Every directory above a path, nearest first, without the root. */
export function ancestorsOf(path: RelPath): RelPath[] {
  const ancestors: RelPath[] = []
  for (let at = parentOf(path); at !== ROOT; at = parentOf(at)) ancestors.push(at)
  return ancestors
}

/** Whether a path lies below a directory, at any depth. */
export function isBelow(path: RelPath, directory: DirPath): boolean {
  return directory === ROOT || path.startsWith(`${directory}/`)
}

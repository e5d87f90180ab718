/** `.holtignore`: git's pattern rules, at any level of a folder. `git check-ignore` says what is right, down to the line. */

import type { DirPath, RelPath } from '../../protocol/path.ts'
import { ROOT, nameOf, parentOf } from '../../protocol/path.ts'
import { isSpecial, toByteText, wildmatch } from './wildmatch.ts'

/** In rising order of precedence within one directory. */
export const IGNORE_FILES = ['.syncignore', '.holtignore'] as const
/** The largest ignore file that is read, in bytes. */
export const IGNORE_FILE_BYTES_MAX = 1024 * 1024
/** Directories whose place among the rules is remembered. */
const PLACES_MAX = 16_384

/** One line of an ignore file that is a pattern. */
export interface IgnoreLine {
  /** The ignore file, as a path of the folder. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** As it is written, without spaces at its end. */
  readonly pattern: string
}

/** An ignore file, read and understood. */
export interface IgnoreFile {
  /** What its lines are called in an explanation. */
  readonly path: string
  readonly text: string
  readonly patterns: readonly Pattern[]
}

interface Pattern extends IgnoreLine {
  readonly isNegated: boolean
  readonly isForDirectories: boolean
  /** Looked for at any depth: it has no slash but, maybe, the last. */
  readonly isForNames: boolean
  /** In bytes, without `!`, the slash at its end, and that at its beginning. */
  readonly glob: string
  /** How much of the glob stands for itself. */
  readonly plain: number
  /** A star, and nothing else that is special. */
  readonly isEnding: boolean
}

export interface IgnoreRules {
  /** Whether a path, or any directory above it, is ignored. */
  ignores(path: RelPath, isDirectory: boolean): boolean
  /** The line that ignores a path, or a directory above it; undefined when none does. */
  explain(path: RelPath, isDirectory: boolean): IgnoreLine | undefined
}

export function parseIgnoreFile(path: string, text: string): IgnoreFile {
  const lines = text.replace(/^\ufeff/, '').split('\n')
  return { path, text, patterns: lines.flatMap((line, i) => toPattern(line, { file: path, line: i + 1 })) }
}

/** @param files the ignore files of each directory that has any, in rising precedence. Changing them asks for new rules. */
export function createIgnoreRules(files: ReadonlyMap<DirPath, readonly IgnoreFile[]>): IgnoreRules {
  if (files.size === 0) return { ignores: () => false, explain: () => undefined }
  const places = new Map<DirPath, Place>()
  const deciding = (path: RelPath, isDirectory: boolean): Pattern | undefined => {
    const { ignoredBy, level } = placeOf(parentOf(path), files, places)
    return ignoredBy ?? lastMatch(level, path, isDirectory)
  }
  return {
    ignores: (path, isDirectory) => deciding(path, isDirectory)?.isNegated === false,
    explain: (path, isDirectory) => {
      const found = deciding(path, isDirectory)
      return found === undefined || found.isNegated
        ? undefined
        : { file: found.file, line: found.line, pattern: found.pattern }
    },
  }
}

// ---- Reading.

function toPattern(line: string, at: { readonly file: string; readonly line: number }): Pattern[] {
  if (line === '' || line.startsWith('#')) return []
  const [text = ''] = line.replace(/\r$/, '').split('\0')
  const written = withoutSpaces(text)
  const isNegated = written.startsWith('!')
  const isForDirectories = written.endsWith('/') && written.length > (isNegated ? 1 : 0)
  // Paths are in normal form C, whatever the disk has.
  const bytes = toByteText(written.slice(isNegated ? 1 : 0, isForDirectories ? -1 : undefined).normalize('NFC'))
  const isForNames = !bytes.includes('/')
  const glob = bytes.startsWith('/') ? bytes.slice(1) : bytes
  if (glob === '') return []
  return [
    {
      ...at,
      pattern: written,
      isNegated,
      isForDirectories,
      isForNames,
      glob,
      plain: plainLength(glob),
      isEnding: glob.startsWith('*') && plainLength(glob.slice(1)) === glob.length - 1,
    },
  ]
}

/** Spaces at the end do not count, unless a backslash stands before them. */
function withoutSpaces(line: string): string {
  let end = 0
  for (let at = 0; at < line.length; at += 1) {
    if (line[at] === '\\') at += 1
    else if (line[at] === ' ') continue
    end = at + 1
  }
  return line.slice(0, end)
}

function plainLength(glob: string): number {
  let length = 0
  while (length < glob.length && !isSpecial(glob.charCodeAt(length))) length += 1
  return length
}

// ---- Matching.

/** The patterns of one directory, and those above it that count where they say nothing. */
interface Level {
  /** Characters of a path that the directory takes, with its slash. */
  readonly prefix: number
  /** The last one first. */
  readonly patterns: readonly Pattern[]
  readonly above: Level | undefined
}

interface Place {
  /** What ignores the directory itself, and so all in it. */
  readonly ignoredBy: Pattern | undefined
  readonly level: Level | undefined
}

function placeOf(
  directory: DirPath,
  files: ReadonlyMap<DirPath, readonly IgnoreFile[]>,
  places: Map<DirPath, Place>,
): Place {
  const known = places.get(directory)
  if (known !== undefined) return known
  const above: Place =
    directory === ROOT ? { ignoredBy: undefined, level: undefined } : placeOf(parentOf(directory), files, places)
  const found = directory === ROOT ? undefined : (above.ignoredBy ?? lastMatch(above.level, directory, true))
  const place: Place =
    found?.isNegated === false
      ? { ignoredBy: found, level: undefined }
      : { ignoredBy: undefined, level: levelOf(directory, files.get(directory), above.level) }
  if (places.size >= PLACES_MAX) places.clear()
  places.set(directory, place)
  return place
}

function levelOf(
  directory: DirPath,
  files: readonly IgnoreFile[] | undefined,
  above: Level | undefined,
): Level | undefined {
  const patterns = (files ?? []).flatMap((file) => file.patterns).toReversed()
  if (patterns.length === 0) return above
  return { prefix: directory === ROOT ? 0 : directory.length + 1, patterns, above }
}

/** The last pattern that fits decides, those of the nearest directory before all others. */
function lastMatch(nearest: Level | undefined, path: RelPath, isDirectory: boolean): Pattern | undefined {
  const name = toByteText(nameOf(path))
  for (let level = nearest; level !== undefined; level = level.above) {
    const below = toByteText(path.slice(level.prefix))
    for (const pattern of level.patterns) {
      if (pattern.isForDirectories && !isDirectory) continue
      if (pattern.isForNames ? matchesName(pattern, name) : matchesPath(pattern, below)) return pattern
    }
  }
  return undefined
}

function matchesName({ glob, plain, isEnding }: Pattern, name: string): boolean {
  if (plain === glob.length) return name === glob
  if (isEnding) return name.endsWith(glob.slice(1))
  return wildmatch(glob, name, { isPath: false })
}

/** What stands for itself is compared first; the rest begins where it ends, as in git. */
function matchesPath({ glob, plain }: Pattern, path: string): boolean {
  if (plain > path.length || !path.startsWith(glob.slice(0, plain))) return false
  if (plain === glob.length) return plain === path.length
  return wildmatch(glob.slice(plain), path.slice(plain), { isPath: true })
}

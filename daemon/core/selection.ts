/**
 * Which paths a device keeps, by patterns that a person chose for it alone. A decision on a path and nothing else, so that it is the
 * same at any time: what is left out is neither fetched nor sent.
 */

import type { RelPath } from '../../protocol/path.ts'
import { ROOT, nameOf, parentOf } from '../../protocol/path.ts'
import type { Entry } from '../../protocol/entry.ts'
import { compareVectors } from '../../protocol/vector.ts'
import type { IgnoreRules } from './ignore.ts'
import { IGNORE_FILES, createIgnoreRules, parseIgnoreFile } from './ignore.ts'
import type { Resolver, Verdict } from './resolve.ts'
import { resolve } from './resolve.ts'
import { toByteText, wildmatch } from './wildmatch.ts'

/** Git's patterns, as in an ignore file at the root. */
export interface SelectionPatterns {
  /** Empty: everything. */
  readonly include: readonly string[]
  readonly exclude: readonly string[]
}

export type LeftOut =
  | { readonly kind: 'excluded'; readonly pattern: string }
  /** None of the patterns to include fits. */
  | { readonly kind: 'not-included' }

export interface SelectionRules {
  /** Whether everything is kept. */
  readonly isEmpty: boolean
  /** The same text for the same patterns. */
  readonly key: string
  leavesOut(path: RelPath, isDirectory: boolean): boolean
  /** Why a path is left out; undefined when it is kept. */
  explain(path: RelPath, isDirectory: boolean): LeftOut | undefined
}

export const EVERYTHING: SelectionRules = {
  isEmpty: true,
  key: keyOf({ include: [], exclude: [] }),
  leavesOut: () => false,
  explain: () => undefined,
}

export function createSelection({ include, exclude }: SelectionPatterns): SelectionRules {
  if (include.length === 0 && exclude.length === 0) return EVERYTHING
  const excluded = rulesOf(exclude)
  const included = include.length === 0 ? undefined : createInclusion(include)
  const explain = (path: RelPath, isDirectory: boolean): LeftOut | undefined => {
    const line = excluded.explain(path, isDirectory)
    if (line !== undefined) return { kind: 'excluded', pattern: line.pattern }
    return included?.(path, isDirectory) === false ? { kind: 'not-included' } : undefined
  }
  return {
    isEmpty: false,
    key: keyOf({ include, exclude }),
    explain,
    leavesOut: (path, isDirectory) => explain(path, isDirectory) !== undefined,
  }
}

function keyOf({ include, exclude }: SelectionPatterns): string {
  return JSON.stringify([include, exclude])
}

/**
 * What a device says of a path that it leaves out: what the others say, and that it does not hold it. So they know that it is no
 * file that is still to come. What lives on its disk is withdrawn first; where others disagree it has no say.
 */
export function leaveOut(own: Entry | undefined, others: readonly Entry[], resolver: Resolver): Verdict {
  const nothing: Verdict = { kind: 'nothing', reason: 'up-to-date' }
  if (own?.isHeld === true && own.content.kind !== 'deleted') return nothing
  const found = resolve(undefined, others, resolver)
  if (found.kind !== 'adopt') return nothing
  const isNews = own === undefined || compareVectors(found.entry.version, own.version) === 'after'
  return isNews ? { kind: 'adopt', entry: { ...found.entry, isHeld: false }, reason: 'left-out' } : nothing
}

function rulesOf(patterns: readonly string[]): IgnoreRules {
  return createIgnoreRules(new Map([[ROOT, [parseIgnoreFile('', patterns.join('\n'))]]]))
}

type Inclusion = (path: RelPath, isDirectory: boolean) => boolean

/** What a pattern names, all below it, the directories on the way there, and the ignore files in them. */
function createInclusion(patterns: readonly string[]): Inclusion {
  const rules = rulesOf(patterns)
  const leads = leadingTo(patterns)
  return (path, isDirectory) => {
    if (rules.ignores(path, isDirectory)) return true
    if (isDirectory) return leads(path)
    const directory = parentOf(path)
    const isIgnoreFile = IGNORE_FILES.some((name) => name === nameOf(path))
    return isIgnoreFile && (directory === ROOT || rules.ignores(directory, true) || leads(directory))
  }
}

/** Whether something below a directory may fit one of the patterns; never false where something does. */
function leadingTo(patterns: readonly string[]): (directory: RelPath) => boolean {
  const globs = patterns
    .filter((pattern) => !pattern.startsWith('!'))
    .map((pattern) => toByteText(pattern.normalize('NFC')).replace(/\/$/, ''))
  // Without a slash a pattern fits at any depth.
  if (globs.some((glob) => !glob.includes('/'))) return () => true
  const wanted = globs.map((glob) => glob.replace(/^\//, '').split('/'))
  return (directory) => {
    const names = toByteText(directory).split('/')
    return wanted.some((parts) => isOnTheWay(names, parts))
  }
}

function isOnTheWay(names: readonly string[], parts: readonly string[]): boolean {
  for (const [depth, part] of parts.entries()) {
    const name = names[depth]
    // A class may be closed behind a slash: what is unclear counts as leading there.
    if (name === undefined || part.includes('**') || part.includes('[')) return true
    if (!wildmatch(part, name, { isPath: true })) return false
  }
  return false
}

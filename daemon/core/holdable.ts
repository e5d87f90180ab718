/**
 * What a root cannot hold, whatever the group has: such a path is blocked here, listed with its reason, and goes on being held by the
 * others. It is never renamed, and never taken for deleted.
 */

import type { RelPath } from '../../protocol/path.ts'
import { ancestorsOf, nameOf, parentOf } from '../../protocol/path.ts'
import type { Content } from '../../protocol/entry.ts'
import type { RootTraits } from '../ports.ts'

export type Unholdable =
  /** A name that this operating system has another use for, or none. */
  | { readonly code: 'name-impossible' }
  /** Upper and lower case are one here, and the other name is there already. */
  | { readonly code: 'case-clash'; readonly by: RelPath }
  | { readonly code: 'no-links' }
  /** Where the link leads is none of the folder's business. */
  | { readonly code: 'link-away' }

/** What a name of Windows may not contain, and the devices that it takes for files whatever their extension. */
const WINDOWS_CHARACTERS = /[<>:"|?*]/
const WINDOWS_DEVICES = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i

/** Equal texts are one name where upper and lower case are not told apart. */
export function foldName(name: string): string {
  return name.normalize('NFC').toLowerCase()
}

/** Of the path by itself; another path may still be in its way. */
export function unholdable(
  path: RelPath,
  content: Content,
  traits: Pick<RootTraits, 'windowsNames' | 'symlinks'>,
  o: { readonly allowsLinksAway: boolean },
): Unholdable | undefined {
  if (traits.windowsNames && path.split('/').some(isImpossibleOnWindows)) return { code: 'name-impossible' }
  if (content.kind !== 'symlink') return undefined
  if (!traits.symlinks) return { code: 'no-links' }
  return !o.allowsLinksAway && leadsAway(path, content.target) ? { code: 'link-away' } : undefined
}

function isImpossibleOnWindows(name: string): boolean {
  return WINDOWS_CHARACTERS.test(name) || /[. ]$/.test(name) || WINDOWS_DEVICES.test(name)
}

/** Whether a link's target is absolute, or climbs out of the folder. Nothing is followed: it is only text. */
export function leadsAway(path: RelPath, target: string): boolean {
  if (/^([/\\]|[A-Za-z]:)/.test(target)) return true
  let depth = ancestorsOf(path).length
  for (const part of target.split(/[/\\]/)) {
    if (part === '' || part === '.') continue
    depth += part === '..' ? -1 : 1
    if (depth < 0) return true
  }
  return false
}

/** Who has a name already, as a root sees it that does not tell upper and lower case apart. */
export interface Names {
  /** The live paths of a directory by their folded names. */
  taken(directory: RelPath | ''): ReadonlyMap<string, RelPath>
}

/** The path that stands in the way of another, or of a directory above it. */
export function clashOf(path: RelPath, names: Names): RelPath | undefined {
  for (const each of [path, ...ancestorsOf(path)]) {
    const there = names.taken(parentOf(each)).get(foldName(nameOf(each)))
    if (there !== undefined && there !== each) return there
  }
  return undefined
}

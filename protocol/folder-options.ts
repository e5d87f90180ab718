/** What the group has agreed on for a folder: the options of its record in the group log. */

import type { DeviceId } from './ids.ts'
import { parseDeviceId } from './ids.ts'
import type { FolderRecord } from './group.ts'

/** What happens to contents that were made without knowing of each other. One for the whole group, or devices would undo each other's choice. */
export type ConflictPolicy =
  /** The winner keeps the name; every other content becomes a conflict copy. */
  | { readonly kind: 'keep-both' }
  /** The content that was changed last stays; the other goes to the versions of those who had it. */
  | { readonly kind: 'newest' }
  /** What this device wrote stays, where it is one of them; else the newest. */
  | { readonly kind: 'prefer'; readonly device: DeviceId }
  /** Every device keeps its own until a person decides. */
  | { readonly kind: 'manual' }

export const KEEP_BOTH: ConflictPolicy = { kind: 'keep-both' }

type FolderOptions = FolderRecord['options']

const OPTION_CONFLICTS = 'conflicts'
const PREFER = 'prefer:'

/** The policy that the options name; what they do not name, or what only a newer Holt knows, keeps both. */
export function conflictPolicyOf(options: FolderOptions): ConflictPolicy {
  const value = options.find(([key]) => key === OPTION_CONFLICTS)?.[1]
  if (value === undefined) return KEEP_BOTH
  try {
    return parseConflictPolicy(new TextDecoder('utf-8', { fatal: true }).decode(value)) ?? KEEP_BOTH
  } catch {
    return KEEP_BOTH
  }
}

/** @returns undefined for a text that is no policy. */
export function parseConflictPolicy(text: string): ConflictPolicy | undefined {
  if (text === 'keep-both' || text === 'newest' || text === 'manual') return { kind: text }
  if (!text.startsWith(PREFER)) return undefined
  try {
    return { kind: 'prefer', device: parseDeviceId(text.slice(PREFER.length)) }
  } catch {
    return undefined
  }
}

/** As it is typed and stored: `keep-both`, `newest`, `manual`, `prefer:` and the id of a device. */
export function formatConflictPolicy(policy: ConflictPolicy): string {
  return policy.kind === 'prefer' ? `${PREFER}${policy.device}` : policy.kind
}

/** The options with another policy. */
export function withConflictPolicy(options: FolderOptions, policy: ConflictPolicy): FolderOptions {
  const value = new TextEncoder().encode(formatConflictPolicy(policy))
  const others = options.filter(([key]) => key !== OPTION_CONFLICTS)
  return [...others, [OPTION_CONFLICTS, value] as const].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** What a person chose for a folder on this device. It cannot be derived, so it lives in small synced files of its own. */

import type { FolderMode } from '../../protocol/group.ts'
import type { FolderId } from '../../protocol/ids.ts'
import { parseFolderId } from '../../protocol/ids.ts'
import type { StateFiles } from '../ports.ts'

/** How long what was replaced or deleted is kept. Null: the daemon's setting for days; no bound for the others. */
export interface Retention {
  readonly days: number | null
  /** Kept of one path. */
  readonly versions: number | null
  /** Of all that is kept. */
  readonly bytes: number | null
}

/** Which paths this device keeps: git's patterns, as in `.holtignore`. */
export interface Selection {
  /** Empty: all of them. */
  readonly include: readonly string[]
  readonly exclude: readonly string[]
}

/** `inside`: a link that is absolute, or climbs out of the folder, is neither taken nor sent. */
export type LinkChoice = 'inside' | 'any'

export interface FolderSettings {
  readonly id: FolderId
  readonly name: string
  /** Absolute path of the root on this device. */
  readonly path: string
  readonly isPaused: boolean
  readonly mode: FolderMode
  readonly retention: Retention
  readonly selection: Selection
  /** Whether symbolic links may lead out of the folder. */
  readonly links: LinkChoice
}

/** What holds until a person chooses otherwise. */
const UNCHOSEN = {
  isPaused: false,
  mode: 'send-receive',
  retention: { days: null, versions: null, bytes: null },
  selection: { include: [], exclude: [] },
  links: 'inside',
} as const satisfies Partial<FolderSettings>

/** Settings of a folder of which only this much is said. */
export function folderSettings(
  given: Pick<FolderSettings, 'id' | 'name' | 'path'> & Partial<FolderSettings>,
): FolderSettings {
  return { ...UNCHOSEN, ...given }
}

const MODES: readonly FolderMode[] = ['send-receive', 'send-only', 'receive-only', 'receive-archive']
const PREFIX = 'folders/'
const SUFFIX = '.json'
const encoder = new TextEncoder()
const decoder = new TextDecoder()

export async function saveSettings(state: StateFiles, settings: FolderSettings): Promise<void> {
  await state.write(PREFIX + settings.id + SUFFIX, encoder.encode(`${JSON.stringify(settings, null, 2)}\n`))
}

export async function removeSettings(state: StateFiles, folder: FolderId): Promise<void> {
  await state.remove(PREFIX + folder + SUFFIX)
}

/** @throws Error that names the file, when one of them is damaged. */
export async function loadSettings(state: StateFiles): Promise<FolderSettings[]> {
  const names = (await state.list(PREFIX)).filter((name) => name.endsWith(SUFFIX))
  const settings: FolderSettings[] = []
  for (const name of names) {
    const bytes = await state.read(name)
    if (bytes !== undefined) settings.push(parseSettings(name, decoder.decode(bytes)))
  }
  return settings
}

function parseSettings(name: string, text: string): FolderSettings {
  try {
    const fields = recordOf(JSON.parse(text))
    const { name: folderName, path } = fields
    if (typeof folderName !== 'string' || typeof path !== 'string') throw new TypeError('name and path are text')
    return {
      // What a newer Holt wrote beside is kept, for when it comes back.
      ...fields,
      id: parseFolderId(fields['id']),
      name: folderName,
      path,
      isPaused: fields['isPaused'] === true,
      mode: modeOf(fields['mode']),
      retention: retentionOf(fields['retention']),
      selection: selectionOf(fields['selection']),
      links: linksOf(fields['links']),
    }
  } catch (cause) {
    throw new Error(`the settings file ${name} is damaged: restore it, or delete it and accept the folder again`, {
      cause,
    })
  }
}

// What an older Holt did not write is as it was then; what is there and wrong is damage, or a careful choice would be lost.

function modeOf(value: unknown): FolderMode {
  if (value === undefined) return UNCHOSEN.mode
  const mode = MODES.find((each) => each === value)
  if (mode === undefined) throw new TypeError(`${JSON.stringify(value)} is no mode`)
  return mode
}

function retentionOf(value: unknown): Retention {
  if (value === undefined) return UNCHOSEN.retention
  const { days, versions, bytes } = recordOf(value)
  return { days: amountOf(days), versions: amountOf(versions), bytes: amountOf(bytes) }
}

function amountOf(value: unknown): number | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new TypeError(`${JSON.stringify(value)} is no amount`)
}

function selectionOf(value: unknown): Selection {
  if (value === undefined) return UNCHOSEN.selection
  const { include, exclude } = recordOf(value)
  return { include: patternsOf(include), exclude: patternsOf(exclude) }
}

function linksOf(value: unknown): LinkChoice {
  if (value === undefined) return UNCHOSEN.links
  if (value === 'inside' || value === 'any') return value
  throw new TypeError(`${JSON.stringify(value)} is no choice of links`)
}

function patternsOf(value: unknown): readonly string[] {
  if (value === undefined) return []
  if (Array.isArray(value) && value.every((each): each is string => typeof each === 'string')) return value
  throw new TypeError('patterns are a list of texts')
}

function recordOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new TypeError('not an object')
  return value as Record<string, unknown>
}

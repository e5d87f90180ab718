/** What a person chose for a folder on this device. It cannot be derived, so it lives in small synced files of its own. */

import type { FolderId } from '../../protocol/ids.ts'
import { parseFolderId } from '../../protocol/ids.ts'
import type { StateFiles } from '../ports.ts'

export interface FolderSettings {
  readonly id: FolderId
  readonly name: string
  /** Absolute path of the root on this device. */
  readonly path: string
  readonly isPaused: boolean
}

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
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) throw new TypeError('not an object')
    const { id, name: folderName, path, isPaused } = value as Record<string, unknown>
    if (typeof folderName !== 'string' || typeof path !== 'string') throw new TypeError('name and path are text')
    return { id: parseFolderId(id), name: folderName, path, isPaused: isPaused === true }
  } catch (cause) {
    throw new Error(`the settings file ${name} is damaged: restore it, or delete it and accept the folder again`, {
      cause,
    })
  }
}

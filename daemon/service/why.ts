/** `why`: the story of one path, gathered from the disk, the catalogue and what runs. Changes nothing. */

import type { EntryState } from '../../protocol/api/entries.ts'
import type { Why } from '../../protocol/api/why.ts'
import type { DirPath, RelPath } from '../../protocol/path.ts'
import { HOLT_DIRECTORY, ROOT, parentOf } from '../../protocol/path.ts'
import { shellWord } from '../../protocol/shell-word.ts'
import type { DiskLook } from '../core/story.ts'
import { storyOf } from '../core/story.ts'
import { presentOf } from '../core/local.ts'
import { winnerOf } from '../core/obstacles.ts'
import { ServiceError } from '../http/service.ts'
import type { AbortOptions, VersionRecord } from '../ports.ts'
import type { Folder } from '../sync/folder.ts'
import { blockSentence } from '../sync/problem-sentences.ts'
import { isSettled, walkEntries } from './entries.ts'
import { exclusionOf } from './left-out.ts'
import type { Located } from './located.ts'
import { locate } from './located.ts'
import type { ServiceParts } from './parts.ts'
import type { FolderFacts } from './path-facts.ts'
import { folderFacts, pathFacts } from './path-facts.ts'
import { nameOf } from './refs.ts'

/** Paths below a directory that are counted. */
const BELOW_MAX = 20_000
/** Of those that are not in sync, the ones that are told of. */
const FIRST_MAX = 20
/** Earlier contents that are told of. */
const KEPT_MAX = 5

export async function explainPath(parts: ServiceParts, absolute: string, o: AbortOptions): Promise<Why> {
  const holt = belowHolt(absolute)
  const found = await locateOr(parts, holt ?? absolute)
  if (found === undefined) return outside(absolute)
  const { known, path } = found
  const facts = folderFacts(parts, known)
  const folder = { id: known.id, name: known.name, root: known.held.settings.path, mode: known.held.settings.mode }
  const about = { path: absolute, folder, relative: path ?? '' }
  if (holt !== undefined && path === undefined) return { ...internal(), ...about, relative: HOLT_DIRECTORY }
  if (path === undefined) return { ...rootStory(facts), ...about, below: belowOf(parts, facts, ROOT) }
  const running = known.held.folder
  const disk = running === undefined ? undefined : await lookAt(running, path, o)
  const base = pathFacts(parts, facts, path)
  const isDirectory = (disk ?? presentOf(base.own)?.content ?? winnerOf(base)?.content)?.kind === 'directory'
  const kept = running === undefined ? [] : await keptOf(running, path)
  const story = storyOf({
    ...base,
    ...withDisk(running, path, disk, base),
    disk,
    kept,
    nameOf: (id) => nameOf(parts, id),
  })
  return { ...story, ...about, below: isDirectory ? belowOf(parts, facts, path) : null }
}

/** What nobody says anything of is ignored, or not, as what is on the disk. */
function withDisk(
  folder: Folder | undefined,
  path: RelPath,
  disk: DiskLook | undefined,
  { exclusion, problem }: ReturnType<typeof pathFacts>,
): Pick<ReturnType<typeof pathFacts>, 'exclusion' | 'problem'> {
  const isDirectory = disk?.kind === 'directory'
  const found =
    folder === undefined || disk === null || disk === undefined ? exclusion : exclusionOf(folder, path, isDirectory)
  if (problem !== undefined || disk?.kind !== 'blocked') return { exclusion: found, problem }
  return { exclusion: found, problem: { state: 'blocked', sentence: blockSentence(disk.reason) } }
}

/** The root that a path of Holt's own lies in; undefined for any other path. */
function belowHolt(absolute: string): string | undefined {
  const at = absolute.search(new RegExp(`/\\${HOLT_DIRECTORY}(/|$)`, 'i'))
  return at < 0 ? undefined : absolute.slice(0, at) || '/'
}

async function locateOr(parts: ServiceParts, absolute: string): Promise<Located | undefined> {
  try {
    return await locate(parts, absolute)
  } catch (cause) {
    if (cause instanceof ServiceError && cause.code === 'not-in-folder') return undefined
    throw cause
  }
}

async function lookAt({ tree }: Folder, path: RelPath, o: AbortOptions): Promise<DiskLook> {
  const directory = parentOf(path)
  for await (const { entries } of tree.scan([directory], o)) {
    const found = entries.find((entry) => entry.path === path)
    if (found !== undefined) return found
  }
  return null
}

/** The newest first. */
async function keptOf({ tree }: Folder, path: RelPath): Promise<VersionRecord[]> {
  const found: VersionRecord[] = []
  for await (const record of tree.versions()) {
    if (record.path !== path) continue
    found.unshift(record)
    if (found.length > KEPT_MAX) found.pop()
  }
  return found
}

// ---- Without a path in a folder.

const EMPTY = { disk: null, base: null, devices: [], verdict: null, obstacles: [], kept: [], below: null } as const

function outside(path: string): Why {
  const summary = `It lies in no folder that this device keeps, so Holt does nothing with it. \`holt add ${shellWord(path)}\` shares a directory.`
  return { ...unknown(summary), path, folder: null, relative: null, state: 'outside' }
}

function internal(): Omit<Why, 'path' | 'folder' | 'relative'> {
  const summary = 'It belongs to Holt itself: earlier contents and what is on its way. It is never synced.'
  return { ...unknown(summary), state: 'internal' }
}

function unknown(summary: string): Omit<Why, 'path' | 'folder' | 'relative' | 'state'> {
  return { ...EMPTY, devices: [], obstacles: [], kept: [], summary }
}

// ---- Directories.

function rootStory({ stop, view }: FolderFacts): Omit<Why, 'path' | 'folder' | 'relative'> {
  if (stop !== undefined) {
    const obstacle = { state: 'stopped' as const, sentence: stop.sentence, commands: [...stop.commands] }
    return { ...unknown(stop.sentence), state: 'stopped', obstacles: [obstacle] }
  }
  const { state } = view
  if (state.kind === 'waiting') return { ...unknown(state.reason), state: 'waiting' }
  if (state.kind === 'syncing')
    return { ...unknown('It is being synced; what is missing is listed below.'), state: 'missing' }
  return { ...unknown('It is the root of the folder.'), state: 'synced' }
}

function belowOf(parts: ServiceParts, facts: FolderFacts, directory: DirPath): NonNullable<Why['below']> {
  const counts = new Map<EntryState, number>()
  const first: NonNullable<Why['below']>['first'] = []
  let total = 0
  for (const { path, state, reason } of walkEntries(parts, facts, directory, null)) {
    total += 1
    counts.set(state, (counts.get(state) ?? 0) + 1)
    if (!isSettled(state) && first.length < FIRST_MAX) first.push({ path, state, reason: reason ?? '' })
    if (total >= BELOW_MAX) break
  }
  const states = [...counts].map(([state, count]) => ({ state, count }))
  return { total, isWhole: total < BELOW_MAX, states, first }
}

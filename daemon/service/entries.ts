/** The paths of a folder with their states: what is not in sync has a sentence that says why. */

import type { EntriesQuery, Entry as EntryView, EntryPage, EntryState } from '../../protocol/api/entries.ts'
import type { Content, Entry } from '../../protocol/entry.ts'
import { sameContent } from '../../protocol/entry.ts'
import type { DirPath, RelPath } from '../../protocol/path.ts'
import { ROOT, isBelow, parentOf, parseRelPath } from '../../protocol/path.ts'
import { presentOf } from '../core/local.ts'
import type { PathFacts } from '../core/obstacles.ts'
import { obstaclesOf, winnerOf } from '../core/obstacles.ts'
import { ServiceError } from '../http/service.ts'
import type { Problem } from '../sync/folder.ts'
import type { ServiceParts } from './parts.ts'
import type { FolderFacts } from './path-facts.ts'
import { folderFacts, pathFacts, problemState } from './path-facts.ts'
import type { KnownFolder } from './refs.ts'

const PAGE_PATHS = 512
/** The root, where the whole folder stands still. */
const ROOT_SHOWN = '.'

export function listEntries(parts: ServiceParts, known: KnownFolder, query: EntriesQuery): EntryPage {
  const directory = directoryOf(query.directory)
  const facts = folderFacts(parts, known)
  const isFirst = query.after === undefined
  const entries: EntryView[] = isFirst
    ? [...stoppedRoot(facts, directory), ...unsaidProblems(parts, facts, directory)].filter((each) =>
        isAsked(each, query),
      )
    : []
  const limit = query.limit + entries.length
  for (const view of walkEntries(
    parts,
    facts,
    directory,
    query.after === undefined ? null : (query.after as RelPath),
  )) {
    const isInDirectory = query.recursive || parentOf(view.path as RelPath) === directory
    if (!isInDirectory || !isAsked(view, query)) continue
    entries.push(view)
    if (entries.length >= limit) return { folder: known.id, entries, next: view.path }
  }
  return { folder: known.id, entries, next: null }
}

/** Every path below a directory of which there is something to tell, sorted, after one. */
export function* walkEntries(
  parts: ServiceParts,
  facts: FolderFacts,
  directory: DirPath,
  from: RelPath | null,
): Iterable<EntryView> {
  for (let after = from; ;) {
    const page: RelPath[] = parts.deps.catalogue.read((tx) =>
      tx.knownPaths(facts.known.id, directory, after, PAGE_PATHS),
    )
    for (const path of page) {
      const view = toView(pathFacts(parts, facts, path))
      if (view !== undefined) yield view
    }
    if (page.length < PAGE_PATHS) return
    after = page.at(-1) ?? null
  }
}

function directoryOf(text: string): DirPath {
  if (text === '' || text === '.') return ROOT
  try {
    return parseRelPath(text.replace(/\/$/, ''))
  } catch (cause) {
    throw new ServiceError('bad-request', `"${text}" is no directory of a folder.`, { cause })
  }
}

/** What only a person or another program can put right. */
const PROBLEMS: readonly EntryState[] = ['unstable', 'locked', 'blocked', 'unreadable', 'skipped', 'damaged', 'failed']
/** What is as it is meant to be. */
const SETTLED: readonly EntryState[] = ['synced', 'ignored', 'left-out']

export function isSettled(state: EntryState): boolean {
  return SETTLED.includes(state)
}

function isAsked({ state }: EntryView, { state: asked }: EntriesQuery): boolean {
  if (asked === 'all') return true
  if (asked === 'unsynced') return !isSettled(state)
  return asked === 'problem' ? PROBLEMS.includes(state) : asked === state
}

/** Undefined where there is nothing at the path, nothing is to come, and nobody is behind. */
export function toView(facts: PathFacts): EntryView | undefined {
  const winner = winnerOf(facts)
  const [obstacle] = obstaclesOf(facts)
  const present = presentOf(facts.own)
  const shown = shownOf(facts, winner)
  if (winner === undefined && present === undefined && obstacle === undefined) return undefined
  // What nobody has is told of only as long as something is to be done about it.
  if (obstacle === undefined && (shown === undefined || shown.content.kind === 'deleted')) return undefined
  if (obstacle?.state === 'ignored' && shown?.content.kind === 'deleted') return undefined
  const holders = facts.said
    .filter(({ entry }) => winner !== undefined && entry.isHeld && sameContent(entry.content, winner.content))
    .flatMap((each) => each.holders)
  const about = shown === undefined ? NOTHING_KNOWN : describe(shown.content, shown)
  return { path: facts.path, state: obstacle?.state ?? 'synced', reason: obstacle?.sentence ?? null, ...about, holders }
}

/** What is told of: what the group has; of what is only here, or is to go, what is here. */
function shownOf({ own }: PathFacts, winner: Entry | undefined): Shown | undefined {
  if (winner !== undefined && winner.content.kind !== 'deleted') return winner
  const present = presentOf(own)
  if (own === undefined || present === undefined) return winner
  return { content: present.content, mtimeMs: own.local?.mtimeMs ?? own.entry.mtimeMs, modBy: own.entry.modBy }
}

type Shown = Pick<Entry, 'content' | 'mtimeMs' | 'modBy'>
type About = Pick<EntryView, 'kind' | 'sizeBytes' | 'mtimeMs' | 'executable' | 'target' | 'hash' | 'modBy'>

const NOTHING_KNOWN: About = {
  kind: 'other',
  sizeBytes: 0,
  mtimeMs: 0,
  executable: false,
  target: null,
  hash: null,
  modBy: null,
}

function describe(content: Content, { mtimeMs, modBy }: Shown): About {
  return {
    kind: content.kind === 'deleted' ? 'other' : content.kind,
    sizeBytes: content.kind === 'file' ? content.sizeBytes : 0,
    mtimeMs,
    executable: content.kind === 'file' && content.executable,
    target: content.kind === 'symlink' ? content.target : null,
    hash: content.kind === 'file' ? content.hash : null,
    modBy,
  }
}

/** The folder as a whole, where it stands still: then no path can be in sync. */
function stoppedRoot({ stop }: FolderFacts, directory: DirPath): EntryView[] {
  if (stop === undefined || directory !== ROOT) return []
  const what = [stop.sentence, ...stop.commands.map((command) => `→ ${command}`)].join(' ')
  return [{ ...NOTHING_KNOWN, path: ROOT_SHOWN, kind: 'directory', state: 'stopped', reason: what, holders: [] }]
}

/** What the disk has and no entry tells of. */
function unsaidProblems(parts: ServiceParts, { known }: FolderFacts, directory: DirPath): EntryView[] {
  const folder = known.held?.folder
  if (folder === undefined) return []
  const blocked = [...folder.blocked.values()].map(({ problem }) => problem)
  const all = [...[...folder.problems.values()].flat(), ...folder.failures.values(), ...blocked]
  return all
    .filter(({ path }) => isBelow(path as RelPath, directory) && !isKnown(parts, known, path))
    .map((problem: Problem) => ({
      ...NOTHING_KNOWN,
      path: problem.path,
      state: problemState(problem),
      reason: problem.sentence,
      holders: [],
    }))
}

/** Whether the walk comes by it. */
function isKnown({ deps }: ServiceParts, { id }: KnownFolder, text: string): boolean {
  const path = text as RelPath
  return deps.catalogue.read((tx) => {
    const isSaid = tx.own(id, path) !== undefined || tx.saidOf(id, path).length > 0
    return isSaid || tx.marksOf(id, path).isDirty
  })
}

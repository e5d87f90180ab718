/** The paths of a folder with their states, and the conflicts of all folders. */

import type { EntriesQuery, Entry as EntryView, EntryPage, EntryState } from '../../protocol/api/entries.ts'
import type { Entry } from '../../protocol/entry.ts'
import { sameContent } from '../../protocol/entry.ts'
import type { DirPath, RelPath } from '../../protocol/path.ts'
import { ROOT, parentOf, parseRelPath } from '../../protocol/path.ts'
import { best, undominated } from '../core/resolve.ts'
import type { LeftOut } from '../core/selection.ts'
import { ServiceError } from '../http/service.ts'
import { damageAt, problemOf } from '../sync/damage.ts'
import type { Problem } from '../sync/folder.ts'
import type { ServiceParts } from './parts.ts'
import type { KnownFolder } from './refs.ts'

const PAGE_PATHS = 512

export function listEntries(parts: ServiceParts, known: KnownFolder, query: EntriesQuery): EntryPage {
  const directory = directoryOf(query.directory)
  const entries: EntryView[] = []
  const problems =
    query.after === undefined
      ? problemEntries(parts, known, directory).filter(({ state }) => isAsked(state, query))
      : []
  let after = query.after === undefined ? null : (query.after as RelPath)
  for (;;) {
    const page = parts.deps.catalogue.read((tx) => tx.livePaths(known.id, directory, after, PAGE_PATHS))
    for (const path of page) {
      after = path
      if (!query.recursive && parentOf(path) !== directory) continue
      const view = entryAt(parts, known, path)
      if (view === undefined || !isAsked(view.state, query)) continue
      entries.push(view)
      if (entries.length >= query.limit) return { folder: known.id, entries: [...problems, ...entries], next: after }
    }
    if (page.length < PAGE_PATHS) return { folder: known.id, entries: [...problems, ...entries], next: null }
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

const GOOD: readonly EntryState[] = ['synced', 'missing', 'pending', 'conflict', 'left-out']

function isAsked(state: EntryState, { state: asked }: EntriesQuery): boolean {
  return asked === 'all' || (asked === 'problem' ? !GOOD.includes(state) : asked === state)
}

function entryAt(parts: ServiceParts, known: KnownFolder, path: RelPath): EntryView | undefined {
  const { own, others } = parts.deps.catalogue.read((tx) => ({
    own: tx.own(known.id, path),
    others: tx.others(known.id, path),
  }))
  const all = [...(own?.entry.isHeld === true ? [own.entry] : []), ...others.map(({ entry }) => entry)]
  const winner = best(undominated(all))
  if (winner === undefined || winner.content.kind === 'deleted' || !winner.isHeld) return undefined
  const isHere = own?.fingerprint != null && sameContent(own.entry.content, winner.content)
  const holders = others
    .filter(({ entry }) => sameContent(entry.content, winner.content))
    .flatMap((each) => each.holders)
  const running = known.held?.folder
  const failure = running?.failures.get(path) ?? running?.blocked.get(path)?.problem
  const damage = damageOf(parts, known, path)
  if (damage !== undefined) return toView(winner, 'damaged', damage.sentence, holders)
  if (failure !== undefined) return toView(winner, problemState(failure), failure.sentence, holders)
  const leftOut = known.held?.folder?.selection.explain(path, winner.content.kind === 'directory')
  if (leftOut !== undefined) return toView(winner, 'left-out', leftOutReason(leftOut), holders)
  if (!isHere) return toView(winner, 'missing', missingReason(parts, holders), holders)
  return winner.isConflictCopy
    ? toView(
        winner,
        'conflict',
        'Two devices edited the file at once; this is the other version. Keep what you need and delete this file.',
        holders,
      )
    : toView(winner, 'synced', null, holders)
}

function damageOf(parts: ServiceParts, known: KnownFolder, path: RelPath): Problem | undefined {
  const folder = known.held?.folder
  if (folder === undefined || folder.damaged.size === 0) return undefined
  const damage = parts.deps.catalogue.read((tx) => damageAt(folder, tx, path))
  return damage === undefined ? undefined : problemOf(folder, path)
}

function leftOutReason(leftOut: LeftOut): string {
  const why =
    leftOut.kind === 'excluded'
      ? `the pattern ${leftOut.pattern} excludes it`
      : 'no pattern of what is to be included fits'
  return `This device leaves it out: ${why}. \`holt folder set\` changes that.`
}

function missingReason(parts: ServiceParts, holders: readonly string[]): string {
  const names = [...parts.groupLog.state.members.values()]
    .filter(({ device }) => holders.includes(device))
    .map(({ name }) => name)
  return names.length === 0
    ? 'No device of the group holds it any more.'
    : `It is still to come from ${names.join(' or ')}.`
}

function toView(entry: Entry, state: EntryState, reason: string | null, holders: EntryView['holders']): EntryView {
  const { content, path, mtimeMs, modBy } = entry
  return {
    path,
    kind: content.kind === 'deleted' ? 'other' : content.kind,
    state,
    reason,
    sizeBytes: content.kind === 'file' ? content.sizeBytes : 0,
    mtimeMs,
    executable: content.kind === 'file' && content.executable,
    target: content.kind === 'symlink' ? content.target : null,
    hash: content.kind === 'file' ? content.hash : null,
    modBy,
    holders,
  }
}

const PROBLEM_STATES = new Map<string, EntryState>([
  ['bad-name', 'blocked'],
  ['name-clash', 'blocked'],
  ['case-clash', 'blocked'],
  ['name-impossible', 'blocked'],
  ['link-away', 'blocked'],
  ['no-links', 'blocked'],
  ['unstable', 'unstable'],
  ['special-file', 'skipped'],
  ['placeholder', 'skipped'],
  ['unreadable', 'unreadable'],
  ['locked', 'locked'],
  ['left-out', 'blocked'],
])

function problemState({ code }: Problem): EntryState {
  return PROBLEM_STATES.get(code) ?? 'failed'
}

/** What the disk has and no entry tells of. */
function problemEntries(parts: ServiceParts, known: KnownFolder, directory: DirPath): EntryView[] {
  const folder = known.held?.folder
  if (folder === undefined) return []
  const isBelow = ({ path }: Problem): boolean => directory === ROOT || path.startsWith(`${directory}/`)
  const unsaid = [...folder.failures].filter(([path]) => entryAt(parts, known, path) === undefined)
  return [...[...folder.problems.values()].flat(), ...unsaid.map(([, problem]) => problem)]
    .filter(isBelow)
    .map((problem) => ({
      path: problem.path,
      kind: 'other',
      state: problemState(problem),
      reason: problem.sentence,
      sizeBytes: 0,
      mtimeMs: 0,
      executable: false,
      target: null,
      hash: null,
      modBy: null,
      holders: [],
    }))
}

/** What is known of single paths of a folder, gathered for the listing and for the story of one path. Changes nothing. */

import type { EntryState } from '../../protocol/api/entries.ts'
import type { Folder as FolderView } from '../../protocol/api/folders.ts'
import type { BlobHash } from '../../protocol/ids.ts'
import type { RelPath } from '../../protocol/path.ts'
import { parentOf } from '../../protocol/path.ts'
import { presentOf } from '../core/local.ts'
import type { PathFacts, PeerFacts, PullFacts, Stop } from '../core/obstacles.ts'
import { winnerOf } from '../core/obstacles.ts'
import { shellWord } from '../../protocol/shell-word.ts'
import { damageAt, problemOf } from '../sync/damage.ts'
import { verdictAt } from '../sync/decide.ts'
import type { Folder, Problem } from '../sync/folder.ts'
import type { PullStatus } from '../sync/pull.ts'
import { toFolderView } from './folder-view.ts'
import { exclusionOf } from './left-out.ts'
import type { ServiceParts } from './parts.ts'
import type { KnownFolder } from './refs.ts'
import { nameOf } from './refs.ts'

/** What is the same for all paths of a folder, read once. */
export interface FolderFacts {
  readonly known: KnownFolder
  readonly view: FolderView
  readonly peers: readonly PeerFacts[]
  readonly pulls: ReadonlyMap<BlobHash, PullStatus>
  readonly stop: Stop | undefined
  /** By path: what a directory listing could not take. */
  readonly problems: ReadonlyMap<string, Problem>
}

export function folderFacts(parts: ServiceParts, known: KnownFolder): FolderFacts {
  const view = toFolderView(parts, known)
  const folder = known.held?.folder
  const pulls = [...parts.sync.pulls.wanted()].filter((pull) => pull.folder === known.id)
  return {
    known,
    view,
    peers: view.peers.map(({ device, isOnline, isInSync, missing }) => ({
      device,
      name: nameOf(parts, device),
      isOnline,
      isInSync,
      isKnown: missing !== null,
    })),
    pulls: new Map(pulls.map((pull) => [pull.hash, pull])),
    stop: stopOf(view),
    problems: new Map([...(folder?.problems.values() ?? [])].flat().map((problem) => [problem.path, problem])),
  }
}

export function pathFacts(parts: ServiceParts, facts: FolderFacts, path: RelPath): PathFacts {
  const { known, view, peers, stop } = facts
  const folder = known.held?.folder
  const { own, said, marks } = parts.deps.catalogue.read((tx) => ({
    own: tx.own(known.id, path),
    said: tx.saidOf(known.id, path),
    marks: tx.marksOf(known.id, path),
  }))
  const isDirectory = (presentOf(own)?.content ?? winnerOf({ own, said })?.content)?.kind === 'directory'
  return {
    path,
    folderName: known.name,
    absolute: `${view.root ?? ''}/${path}`,
    mode: view.mode ?? 'send-receive',
    own,
    said,
    marks,
    verdict: folder === undefined ? undefined : verdictAt(folder, path),
    problem: damageOf(parts, folder, path) ?? problemAt(folder, facts, path),
    exclusion: folder === undefined ? undefined : exclusionOf(folder, path, isDirectory),
    isGone: folder?.gone.has(path) === true,
    stop,
    pulls: pullsOf(folder, facts, path),
    peers,
  }
}

/** The blobs that the path and its conflict copies wait for. */
function pullsOf(folder: Folder | undefined, { pulls }: FolderFacts, path: RelPath): PullFacts[] {
  const hashes = folder?.waiting.get(path) ?? []
  return hashes.flatMap((hash) => pulls.get(hash) ?? [])
}

function damageOf({ deps }: ServiceParts, folder: Folder | undefined, path: RelPath): PathFacts['problem'] {
  if (folder === undefined || folder.damaged.size === 0) return undefined
  const damage = deps.catalogue.read((tx) => damageAt(folder, tx, path))
  return damage === undefined ? undefined : { state: 'damaged', sentence: problemOf(folder, path).sentence }
}

function problemAt(folder: Folder | undefined, { problems }: FolderFacts, path: RelPath): PathFacts['problem'] {
  const found =
    folder?.failures.get(path) ??
    folder?.blocked.get(path)?.problem ??
    problems.get(path) ??
    unreadableAbove(problems, path)
  return found === undefined ? undefined : { state: problemState(found), sentence: found.sentence }
}

/** What lies in a directory that cannot be listed. */
function unreadableAbove(problems: ReadonlyMap<string, Problem>, path: RelPath): Problem | undefined {
  if (problems.size === 0) return undefined
  for (let at = parentOf(path); at !== ''; at = parentOf(at)) {
    const found = problems.get(at)
    if (found?.code === 'unreadable')
      return { ...found, sentence: `The directory ${at} cannot be listed. ${found.sentence}` }
  }
  return undefined
}

const PROBLEM_STATES = new Map<string, EntryState>([
  ['bad-name', 'blocked'],
  ['name-clash', 'blocked'],
  ['case-clash', 'blocked'],
  ['name-impossible', 'blocked'],
  ['link-away', 'blocked'],
  ['no-links', 'blocked'],
  ['left-out', 'blocked'],
  ['unstable', 'unstable'],
  ['special-file', 'skipped'],
  ['placeholder', 'skipped'],
  ['unreadable', 'unreadable'],
  ['locked', 'locked'],
])

export function problemState({ code }: Problem): EntryState {
  return PROBLEM_STATES.get(code) ?? 'failed'
}

/** Why the whole folder stands still; undefined where it does not. */
function stopOf({ state, name }: FolderView): Stop | undefined {
  switch (state.kind) {
    case 'paused':
      return { sentence: 'The folder is paused on this device.', commands: [`holt folder resume ${shellWord(name)}`] }
    case 'halted':
      return { sentence: state.halt.detail, commands: state.halt.commands }
    case 'starting':
      return { sentence: 'The folder is being opened.', commands: [] }
    case 'scanning':
      return { sentence: 'The folder is being looked through for the first time since the start.', commands: [] }
    case 'recovering':
      return { sentence: 'What this device knew is being fetched again from the others.', commands: [] }
    default:
      return undefined
  }
}

/**
 * What keeps one path from being the same on all devices: the facts of it in, sentences out. The listing of a folder shows the
 * first, the story of a path shows all. Touches nothing.
 */

import type { EntryState } from '../../protocol/api/entries.ts'
import type { Obstacle } from '../../protocol/api/why.ts'
import { shellWord } from '../../protocol/shell-word.ts'
import type { Entry } from '../../protocol/entry.ts'
import { sameContent } from '../../protocol/entry.ts'
import type { FolderMode } from '../../protocol/group.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import type { RelPath } from '../../protocol/path.ts'
import { compareVectors } from '../../protocol/vector.ts'
import type { OthersEntry, OwnRow, PathMarks } from '../catalogue-port.ts'
import { presentOf } from './local.ts'
import { reasonSentence } from './reason-sentences.ts'
import { best, undominated } from './resolve.ts'
import type { Settled } from './structure.ts'

/** Devices that one sentence names. */
const NAMED_MAX = 3

/** Another device that keeps the folder. */
export interface PeerFacts {
  readonly device: DeviceId
  readonly name: string
  readonly isOnline: boolean
  readonly isInSync: boolean
  /** Its manifest is here. */
  readonly isKnown: boolean
}

/** Bytes that the path waits for. */
export interface PullFacts {
  readonly state: 'queued' | 'active' | 'waiting-for-holder' | 'no-space' | 'store-fault' | 'false-entry' | 'too-large'
  readonly reason: string | null
  readonly holders: readonly DeviceId[]
}

/** Why the whole folder stands still. */
export interface Stop {
  readonly sentence: string
  readonly commands: readonly string[]
}

export interface PathFacts {
  readonly path: RelPath
  readonly folderName: string
  /** As a person would name it on this machine. */
  readonly absolute: string
  readonly mode: FolderMode
  readonly own: OwnRow | undefined
  /** What other devices say, also that they do not hold it. */
  readonly said: readonly OthersEntry[]
  /** Undefined where the folder does not run. */
  readonly verdict: Settled | undefined
  readonly marks: PathMarks
  /** Why it cannot be read, written or named here. */
  readonly problem: { readonly state: EntryState; readonly sentence: string } | undefined
  /** What leaves it out on this device. */
  readonly exclusion: { readonly state: EntryState; readonly sentence: string } | undefined
  /** Its deletion on this disk waits for a person, with many others. */
  readonly isGone: boolean
  readonly stop: Stop | undefined
  readonly pulls: readonly PullFacts[]
  readonly peers: readonly PeerFacts[]
}

/** What the group would have at the path, as far as this device knows; undefined where nobody says anything. */
export function winnerOf({ own, said }: Pick<PathFacts, 'own' | 'said'>): Entry | undefined {
  const others = said.filter(({ entry }) => entry.isHeld).map(({ entry }) => entry)
  return best(undominated(own?.entry.isHeld === true ? [own.entry, ...others] : others))
}

/** The most important first; none where the path is in sync. */
export function obstaclesOf(facts: PathFacts): readonly Obstacle[] {
  if (facts.exclusion !== undefined) {
    const meant: Obstacle = { ...facts.exclusion, commands: [] }
    return [problem(facts), meant].filter((each) => each !== undefined)
  }
  const first = [problem(facts), localChange(facts), gone(facts), undecided(facts), heldBack(facts), arriving(facts)]
  const found = first.filter((each) => each !== undefined)
  const rest = [found.length === 0 ? pending(facts) : undefined, conflictCopy(facts), behind(facts)]
  return [...found, ...rest.filter((each) => each !== undefined)]
}

/** `Only anna and ben have it, and are offline.` @param names of those who hold the bytes, none of whom can be asked */
export function waitingSentence(state: PullFacts['state'], reason: string | null, names: readonly string[]): string {
  const isOne = names.length === 1
  switch (state) {
    case 'no-space':
      return 'The disk is full. Free some space; it goes on by itself.'
    case 'too-large':
      return 'It is larger than what this version of Holt takes.'
    case 'false-entry':
      return 'What is said of its size is not true of its bytes. It is tried again; saving it anew on its device puts that right.'
    case 'store-fault':
      return `It cannot be written for now (${reason ?? 'the disk fails'}). It is tried again by itself.`
    default:
      if (names.length === 0) return 'No device of the group holds it any more.'
      if (reason !== null) return `${joinNames(names)} could not give it just now (${reason}). It is asked for again.`
      return `Only ${joinNames(names)} ${isOne ? 'has' : 'have'} it, and ${isOne ? 'is' : 'are'} offline.`
  }
}

function problem({ problem: found }: PathFacts): Obstacle | undefined {
  return found === undefined ? undefined : { ...found, commands: [] }
}

/** Of a device that only receives. */
function localChange({ own, mode, folderName, verdict }: PathFacts): Obstacle | undefined {
  const local = own?.local
  if (local === undefined) return undefined
  if (local.isUnwanted) return { state: 'pending', sentence: reasonSentence('reverted'), commands: [] }
  const revert = [`holt revert ${shellWord(folderName)}`]
  if (mode === 'receive-archive' && own?.entry.content.kind === 'deleted' && !local.isOnlyHere)
    return { state: 'local', sentence: reasonSentence('archived'), commands: revert }
  const isGone = local.content.kind === 'deleted'
  const what = local.isOnlyHere ? 'made' : isGone ? 'deleted' : 'changed'
  const next =
    verdict?.kind === 'adopt' ? ' What the others have since takes its place, and it goes to the versions.' : ''
  return {
    state: 'local',
    sentence: `It was ${what} on this device, which only receives: that goes no further.${next}`,
    commands: revert,
  }
}

function gone({ isGone, folderName }: PathFacts): Obstacle | undefined {
  if (!isGone) return undefined
  return {
    state: 'deleted',
    sentence:
      'It was deleted on this device together with so many others that nothing is passed on before a person says so.',
    commands: decisions(folderName),
  }
}

function undecided({ verdict, absolute }: PathFacts): Obstacle | undefined {
  if (verdict?.kind !== 'nothing' || verdict.reason !== 'conflict-waits') return undefined
  return {
    state: 'undecided',
    sentence: reasonSentence('conflict-waits'),
    commands: ['mine', 'theirs', 'both'].map((choice) => `holt resolve ${shellWord(absolute)} --keep ${choice}`),
  }
}

function heldBack(facts: PathFacts): Obstacle | undefined {
  const { verdict, folderName, own, said } = facts
  if (verdict?.kind !== 'nothing' || verdict.reason !== 'send-only') return undefined
  const others = said.filter(({ entry }) => entry.isHeld && entry !== own?.entry)
  const who = namesOf(
    facts,
    others.flatMap(({ holders }) => holders),
  )
  return {
    state: 'held-back',
    sentence: `${joinNames(who, 'Another device')} changed it, and this device only sends. Overriding makes it there as it is here.`,
    commands: [`holt override ${shellWord(folderName)}`],
  }
}

/** What the path is to become, where that is not what is on the disk. */
function arriving(facts: PathFacts): Obstacle | undefined {
  const { own, verdict, problem: found, isGone } = facts
  if (found !== undefined || isGone || (own?.local !== undefined && verdict?.kind === 'nothing')) return undefined
  if (verdict?.kind === 'wait') return { state: 'pending', sentence: reasonSentence(verdict.reason), commands: [] }
  const target = becoming(facts)
  if (target === undefined) return undefined
  const present = presentOf(own)
  if (target.content.kind === 'deleted') return present === undefined ? undefined : leaving(facts, target)
  if (present !== undefined && sameContent(present.content, target.content)) return undefined
  return coming(facts, target)
}

function becoming({ own, said, verdict }: PathFacts): Entry | undefined {
  if (verdict === undefined) return winnerOf({ own, said })
  if ('entry' in verdict) return verdict.entry
  const isAbsent = own?.fingerprint === null && own.local === undefined && own.entry.isHeld
  return isAbsent && own.entry.content.kind !== 'deleted' ? own.entry : undefined
}

function leaving(facts: PathFacts, target: Entry): Obstacle {
  const { mode, stop, folderName, own } = facts
  if (own?.local !== undefined) return { state: 'pending', sentence: reasonSentence('newer-elsewhere'), commands: [] }
  if (mode === 'receive-archive') return { state: 'pending', sentence: reasonSentence('archived'), commands: [] }
  const who = joinNames(namesOf(facts, [target.modBy]), 'Another device')
  if (stop === undefined)
    return { state: 'deleted', sentence: `${who} deleted it; it goes from here too.`, commands: [] }
  const isAsked = stop.commands.some(
    (command) => command.startsWith('holt approve') || command.startsWith('holt reject'),
  )
  return {
    state: 'deleted',
    sentence: `${who} deleted it; it stays here while the folder stands still.`,
    commands: isAsked ? decisions(folderName) : [...stop.commands],
  }
}

function coming(facts: PathFacts, target: Entry): Obstacle {
  const { pulls, stop } = facts
  const holders = holdersOf(facts, target)
  const online = facts.peers.filter(({ device, isOnline }) => isOnline && holders.includes(device))
  if (stop !== undefined)
    return {
      state: 'waiting',
      sentence: `It is not fetched while the folder stands still. ${stop.sentence}`,
      commands: [...stop.commands],
    }
  const stuck = pulls.find(({ state }) => state !== 'active' && state !== 'queued')
  if (stuck !== undefined) {
    const asked = stuck.holders.length > 0 ? stuck.holders : holders
    return {
      state: 'waiting',
      sentence: waitingSentence(stuck.state, stuck.reason, namesOf(facts, asked)),
      commands: [],
    }
  }
  if (pulls.some(({ state }) => state === 'active'))
    return {
      state: 'missing',
      sentence: `It is being fetched from ${joinNames(names(online), 'another device')}.`,
      commands: [],
    }
  if (online.length > 0 || target.content.kind !== 'file')
    return {
      state: 'missing',
      sentence: `It is still to come from ${orNames(online.length > 0 ? names(online) : namesOf(facts, holders))}.`,
      commands: [],
    }
  return {
    state: 'waiting',
    sentence: waitingSentence('waiting-for-holder', null, namesOf(facts, holders)),
    commands: [],
  }
}

/** Who has the bytes. */
function holdersOf({ said }: PathFacts, { content }: Entry): DeviceId[] {
  const same = said.filter(({ entry }) => entry.isHeld && sameContent(entry.content, content))
  return [...new Set(same.flatMap(({ holders }) => holders))]
}

/** Something is still to be done with it, and nothing is in the way. */
function pending({ marks, own, verdict, stop }: PathFacts): Obstacle | undefined {
  const after = stop === undefined ? '' : ' It waits while the folder stands still.'
  if (marks.isDirty) {
    const known =
      verdict === undefined || verdict.reason === 'up-to-date'
        ? 'Something new is known of it, and is looked at in a moment.'
        : reasonSentence(verdict.reason)
    return { state: 'pending', sentence: `${known}${after}`, commands: [] }
  }
  if (!marks.isUnpublished || own === undefined) return undefined
  return {
    state: 'pending',
    sentence: `It has changed here, and the others are about to be told.${after}`,
    commands: [],
  }
}

function conflictCopy({ own, absolute }: PathFacts): Obstacle | undefined {
  if (own?.fingerprint == null || !own.entry.isConflictCopy || own.entry.content.kind === 'deleted') return undefined
  return {
    state: 'conflict',
    sentence:
      'Two devices edited the file at once; this is the other version. Keep what you need and delete this file.',
    commands: ['mine', 'theirs', 'both'].map((choice) => `holt resolve ${shellWord(absolute)} --keep ${choice}`),
  }
}

/** Other devices that keep the folder and do not say of the path what this device says. */
function behind(facts: PathFacts): Obstacle | undefined {
  const { own, peers } = facts
  if (own === undefined || !own.entry.isHeld || own.local !== undefined) return undefined
  const late = peers.filter((peer) => !peer.isInSync && !isInStep(facts, peer.device))
  if (late.length === 0) return undefined
  const sentences = late.slice(0, NAMED_MAX).map((peer) => behindSentence(facts, peer))
  const more = late.length > NAMED_MAX ? [`So it is with ${late.length - NAMED_MAX} more.`] : []
  return { state: 'behind', sentence: [...sentences, ...more].join(' '), commands: [] }
}

function isInStep({ own, said }: PathFacts, device: DeviceId): boolean {
  return said.some(
    ({ entry, holders }) =>
      holders.includes(device) &&
      entry.isHeld &&
      own !== undefined &&
      compareVectors(entry.version, own.entry.version) === 'equal',
  )
}

function behindSentence({ said, own }: PathFacts, { device, name, isOnline, isKnown }: PeerFacts): string {
  const away = isOnline ? '' : ' is offline and'
  if (!isKnown) return `${name}${away} has not said what it has.`
  const its = said.find(({ holders }) => holders.includes(device))?.entry
  const isDeleted = own?.entry.content.kind === 'deleted'
  if (its === undefined)
    return isDeleted ? `${name}${away} has not heard of its deletion yet.` : `${name}${away} does not have it yet.`
  if (!its.isHeld)
    return `${name}${away} does not keep it as it is here: it leaves it out, or has changed it for itself.`
  if (own !== undefined && sameContent(its.content, own.entry.content))
    return `${name}${away} has the same, and is still to say so.`
  if (isDeleted) return `${name}${away} still has it; it was deleted here.`
  if (its.content.kind === 'deleted') return `${name}${away} has deleted it, and does not have it back yet.`
  return `${name}${away} still has another content of it.`
}

// ---- Names.

function decisions(folderName: string): string[] {
  return [`holt reject ${shellWord(folderName)}`, `holt approve ${shellWord(folderName)}`]
}

function names(peers: readonly PeerFacts[]): string[] {
  return peers.map(({ name }) => name)
}

function namesOf({ peers }: Pick<PathFacts, 'peers'>, devices: readonly DeviceId[]): string[] {
  return names(peers.filter(({ device }) => devices.includes(device)))
}

export function joinNames(all: readonly string[], nobody = 'nobody'): string {
  if (all.length === 0) return nobody
  if (all.length <= NAMED_MAX) return all.join(' and ')
  return `${all.slice(0, NAMED_MAX).join(', ')} and ${all.length - NAMED_MAX} more`
}

function orNames(all: readonly string[]): string {
  return all.length === 0 ? 'another device' : all.slice(0, NAMED_MAX).join(' or ')
}

/** The story of one path, told from its facts: each part with a sentence. Touches nothing. */

import type { Why } from '../../protocol/api/why.ts'
import type { Content, Entry } from '../../protocol/entry.ts'
import { sameContent } from '../../protocol/entry.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { compareVectors } from '../../protocol/vector.ts'
import type { DiskEntry, VersionRecord } from '../ports.ts'
import { isUnsaid, presentOf } from './local.ts'
import type { PathFacts, PeerFacts } from './obstacles.ts'
import { obstaclesOf, winnerOf } from './obstacles.ts'
import { isReasonCode, reasonSentence } from './reason-sentences.ts'

/** What stands at the path on the disk; null: nothing. */
export type DiskLook = DiskEntry | null

export interface StoryFacts extends PathFacts {
  /** Undefined where the disk cannot be looked at. */
  readonly disk: DiskLook | undefined
  readonly kept: readonly VersionRecord[]
  readonly nameOf: (device: DeviceId) => string
}

export type Story = Pick<Why, 'state' | 'summary' | 'disk' | 'base' | 'devices' | 'verdict' | 'obstacles' | 'kept'>

export function storyOf(facts: StoryFacts): Story {
  const { disk, verdict, kept } = facts
  const obstacles = allObstacles(facts)
  const [first] = obstacles
  const isAnything = disk != null || winnerOf(facts) !== undefined || presentOf(facts.own) !== undefined
  const state = first?.state ?? (isAnything && !isSettledDeletion(facts) ? 'synced' : 'nothing')
  return {
    state,
    summary: first?.sentence ?? summaryOf(facts, state),
    disk: diskStory(facts),
    base: baseStory(facts),
    devices: facts.peers.map((peer) => deviceStory(facts, peer)),
    verdict: verdict === undefined ? null : { code: verdict.reason, sentence: reasonSentence(verdict.reason) },
    obstacles: [...obstacles],
    kept: kept.map(({ keptMs, sizeBytes, reason }) => ({ keptMs, sizeBytes, sentence: keptSentence(reason) })),
  }
}

/** What the disk says now, and has not been taken up yet, is in no table. */
function allObstacles(facts: StoryFacts): Why['obstacles'] {
  const { disk, stop } = facts
  const known = [...obstaclesOf(facts)]
  if (stop !== undefined) known.unshift({ state: 'stopped', sentence: stop.sentence, commands: [...stop.commands] })
  if (known.some(({ state }) => state !== 'behind') || disk === undefined || isAsKnown(facts) !== false) return known
  const change = disk === null ? 'It is gone from this disk' : 'It has changed on this disk'
  const sentence = `${change} since it was last looked at; that is taken up within seconds.`
  return [{ state: 'pending', sentence, commands: [] }, ...known]
}

/** Everybody says that it is deleted. */
function isSettledDeletion({ disk, own, said }: StoryFacts): boolean {
  const winner = winnerOf({ own, said })
  return disk == null && (winner === undefined || winner.content.kind === 'deleted')
}

function summaryOf(facts: StoryFacts, state: string): string {
  const { own, peers, said } = facts
  if (state === 'nothing') {
    const isDeleted = own?.entry.content.kind === 'deleted' && !isUnsaid(own.entry)
    return isDeleted
      ? `It was deleted${byPhrase(facts, own.entry)}; nobody has it any more.`
      : 'No device has anything of that name.'
  }
  if (own === undefined && said.length === 0) return 'It is on this disk, and not looked at yet.'
  if (peers.length === 0) return 'All is well; no other device keeps the folder yet.'
  return 'It is in sync: this device and all others that keep the folder say the same of it.'
}

// ---- The disk.

function isAsKnown({ disk, own }: StoryFacts): boolean | null {
  const present = presentOf(own)
  if (disk === undefined || disk?.kind === 'blocked') return null
  if (disk === null) return present === undefined ? null : false
  if (own === undefined || present === undefined) return false
  return present.fingerprint === disk.fingerprint && present.content.kind === disk.kind
}

function diskStory(facts: StoryFacts): Story['disk'] {
  const { disk } = facts
  if (disk === undefined) return null
  const isSame = isAsKnown(facts)
  const none = { sizeBytes: 0, mtimeMs: null, target: null, isAsKnown: isSame }
  if (disk === null) return { ...none, kind: 'nothing', sentence: 'Nothing is there.' }
  if (disk.kind === 'blocked') return { ...none, kind: 'other', sentence: 'There is something that cannot be synced.' }
  const since = isSame === true ? ', as it was when it was last looked at' : ', and not yet looked at as it is now'
  return {
    kind: disk.kind,
    sizeBytes: disk.kind === 'file' ? disk.sizeBytes : 0,
    mtimeMs: disk.mtimeMs,
    target: disk.kind === 'symlink' ? disk.target : null,
    isAsKnown: isSame,
    sentence: `${kindWord(disk.kind)}${since}.`,
  }
}

function kindWord(kind: Content['kind']): string {
  switch (kind) {
    case 'file':
      return 'A file'
    case 'directory':
      return 'A directory'
    case 'symlink':
      return 'A symbolic link'
    case 'deleted':
      return 'Deleted'
  }
}

// ---- What is said of it.

function baseStory(facts: StoryFacts): Story['base'] {
  const { own } = facts
  if (own === undefined || isUnsaid(own.entry)) return null
  const { entry } = own
  const { content, isHeld } = entry
  return {
    ...aboutOf(facts, entry),
    hash: content.kind === 'file' ? content.hash : null,
    isHeld,
    sentence: isHeld
      ? `${kindWord(content.kind)}${byPhrase(facts, entry)}.`
      : `This device does not hold it as the group has it: ${kindWord(content.kind).toLowerCase()}${byPhrase(facts, entry)}.`,
  }
}

function aboutOf({ nameOf }: StoryFacts, { content, t, modBy }: Entry) {
  return {
    kind: content.kind,
    sizeBytes: content.kind === 'file' ? content.sizeBytes : 0,
    changedMs: t,
    modBy,
    modByName: nameOf(modBy),
  }
}

function byPhrase({ nameOf }: StoryFacts, { modBy }: Entry): string {
  return `, by ${nameOf(modBy)}`
}

function deviceStory(facts: StoryFacts, { device, name, isOnline, isKnown }: PeerFacts): Story['devices'][number] {
  const entry = facts.said.find(({ holders }) => holders.includes(device))?.entry
  const says = isKnown ? relationOf(facts, entry) : 'unknown'
  const about =
    entry === undefined
      ? { kind: 'nothing' as const, sizeBytes: 0, changedMs: null, modBy: null, modByName: null }
      : aboutOf(facts, entry)
  return { device, name, isOnline, says, ...about, sentence: `${name} ${sayingOf(facts, says, entry)}.` }
}

type Says = Story['devices'][number]['says']

/** Seen from what this device says. */
function relationOf({ own }: StoryFacts, entry: Entry | undefined): Says {
  if (entry === undefined) return 'nothing'
  if (!entry.isHeld) return 'not-held'
  const mine = own === undefined || isUnsaid(own.entry) ? undefined : own.entry
  if (mine !== undefined && sameContent(mine.content, entry.content)) return 'same'
  if (entry.content.kind === 'deleted') return 'deleted'
  if (mine === undefined) return 'newer'
  const order = compareVectors(entry.version, mine.version)
  if (order === 'after') return 'newer'
  return order === 'before' ? 'older' : 'differs'
}

function sayingOf(facts: StoryFacts, says: Says, entry: Entry | undefined): string {
  const by = entry === undefined ? '' : byPhrase(facts, entry)
  switch (says) {
    case 'same':
      return entry?.content.kind === 'deleted' ? 'has deleted it too' : 'has the same'
    case 'newer':
      return `has a newer one${by}`
    case 'older':
      return `has an older one${by}`
    case 'differs':
      return `has another one, made without knowing of this${by}`
    case 'deleted':
      return `says that it is deleted${by}`
    case 'not-held':
      return 'does not hold it as the group has it: it leaves it out, or has changed it for itself'
    case 'nothing':
      return 'says nothing of it'
    case 'unknown':
      return 'has not said yet what it has'
  }
}

// ---- Earlier contents.

/** A reason as the versions log has it: a code, or a sentence of its own. */
function keptSentence(reason: string): string {
  return isReasonCode(reason) ? reasonSentence(reason) : reason
}

/** The twelve recovery words: shown once, forgotten when a person has them, and used when no device is left that could help. */

import type {
  Recovered,
  Recovery,
  RemoveWithWords,
  RemovedWithWords,
  UseRecovery,
} from '../../protocol/api/recovery.ts'
import type { Signer } from '../../protocol/crypto.ts'
import { parseRecoveryWords } from '../../protocol/recovery.ts'
import type { RecoveryService } from '../http/service.ts'
import { ServiceError } from '../http/service.ts'
import type { GroupGraph } from '../core/group-graph.ts'
import { HLC_START, laterHlc } from '../core/hlc.ts'
import type { GroupState } from '../core/membership.ts'
import { replayGraph } from '../core/membership.ts'
import { dropRecoveryWords, readRecoveryWords, readWordsNote, writeWordsNote } from '../sync/group-file.ts'
import type { RecoveryPorts } from '../sync/group-recovery.ts'
import { chooseCopies, promoteByWords, removeByWords, restoreMembership } from '../sync/group-recovery.ts'
import { readCopies } from './group-copies.ts'
import { toRemovedView } from './devices.ts'
import type { ServiceParts } from './parts.ts'
import { nameOf, seatedOf } from './refs.ts'

export function createRecoveryService(parts: ServiceParts): RecoveryService {
  return {
    recovery: () => stateOfWords(parts),
    showRecovery: () => showWords(parts),
    forgetRecovery: () => forgetWords(parts),
    useRecovery: (request) => useWords(parts, request),
    removeDeviceWithWords: (ref, request) => removeWithWords(parts, ref, request),
  }
}

// ---- The words as they are kept.

async function stateOfWords(parts: ServiceParts): Promise<Recovery> {
  const { deps, groupLog } = parts
  const words = await readRecoveryWords(deps.state, groupLog.groupId)
  const note = await readWordsNote(deps.state, groupLog.groupId)
  const founder = nameOf(parts, groupLog.graph.genesis.author)
  const isForgotten = words === undefined && note !== undefined
  return {
    kind: words !== undefined ? 'kept' : isForgotten ? 'forgotten' : 'elsewhere',
    shownMs: note?.shownMs ?? null,
    forgottenMs: isForgotten ? (note.forgottenMs ?? note.shownMs) : null,
    founder,
  }
}

async function showWords(parts: ServiceParts): Promise<{ words: string }> {
  const { deps, groupLog } = parts
  const words = await readRecoveryWords(deps.state, groupLog.groupId)
  if (words === undefined) throw notHere(await stateOfWords(parts))
  await writeWordsNote(deps.state, groupLog.groupId, { shownMs: deps.clock.wallMs(), forgottenMs: null })
  deps.log.event('recovery.shown', {})
  return { words }
}

/** The note first: words that were forgotten in between would be of nobody. */
async function forgetWords(parts: ServiceParts): Promise<Recovery> {
  const { deps, groupLog } = parts
  const now = await stateOfWords(parts)
  if (now.kind === 'forgotten') return now
  if (now.kind === 'elsewhere') throw notHere(now)
  if (now.shownMs === null) throw new ServiceError('words-unseen', 'The recovery words of this group were never shown.')
  const note = { shownMs: now.shownMs, forgottenMs: deps.clock.wallMs() }
  await writeWordsNote(deps.state, groupLog.groupId, note)
  await dropRecoveryWords(deps.state, groupLog.groupId)
  deps.log.event('recovery.forgotten', {})
  return await stateOfWords(parts)
}

function notHere({ kind, shownMs, founder }: Recovery): ServiceError {
  if (kind === 'elsewhere')
    return new ServiceError('words-elsewhere', `The recovery words were made on ${founder}, when the group began.`)
  const at = shownMs === null ? '' : ` on ${formatDay(shownMs)}`
  return new ServiceError('words-forgotten', `The recovery words were shown${at}, and cannot be shown again.`)
}

function formatDay(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

// ---- The words as they are used.

/** @throws ServiceError `bad-words` */
function signerOf(parts: ServiceParts, typed: string): Signer {
  const parsed = parseRecoveryWords(typed)
  if (parsed.kind === 'not-words') throw new ServiceError('bad-words', parsed.message)
  return parts.signerOfWords(parsed.words)
}

function portsOf({ groupLog, deps }: ServiceParts): RecoveryPorts {
  return { log: groupLog, clock: deps.clock, crypto: deps.crypto }
}

async function useWords(parts: ServiceParts, request: UseRecovery): Promise<Recovered> {
  const words = signerOf(parts, request.words)
  const { groupLog } = parts
  if (groupLog.state.recovery === words.device && groupLog.state.members.size > 0)
    return useInGroup(parts, words, request)
  if (groupLog.standing !== 'member')
    throw new ServiceError('not-allowed', `This device was removed from the group "${groupLog.state.name}".`, {
      nextStep: 'Run `holt leave` first; the files stay.',
    })
  if (groupLog.state.members.size > 1)
    throw new ServiceError('both-in-groups', `This device is in the group "${groupLog.state.name}" with others.`)
  const graph = await findLog(parts, words, request.from)
  const state = replayGraph(graph)
  if (!request.confirm) return toRecovered('shown', state, graph)
  return restore(parts, words, graph)
}

/** The words of the group that this device is in, or was. */
async function useInGroup(parts: ServiceParts, words: Signer, { confirm }: UseRecovery): Promise<Recovered> {
  const { groupLog } = parts
  const { removal, self } = groupLog
  if (removal !== undefined) {
    const by = nameOf(parts, removal.by)
    throw new ServiceError(
      'not-allowed',
      `${removal.by === self ? 'This device has left' : `${by} has removed this device from`} the group.`,
      {
        nextStep: `If ${by} is in other hands, take that back: holt device remove ${by} --lost --words. If not: holt leave, and then holt recovery use again.`,
      },
    )
  }
  const isAdmin = groupLog.state.members.get(self)?.role === 'admin'
  if (!isAdmin && confirm) await promoteByWords(portsOf(parts), words)
  return toRecovered(isAdmin ? 'already' : confirm ? 'promoted' : 'shown', groupLog.state, groupLog.graph)
}

/** @throws ServiceError `no-group-log`, `not-allowed` */
async function findLog(parts: ServiceParts, words: Signer, from: readonly string[]): Promise<GroupGraph> {
  const held = parts.sync.engine.held().map(({ settings }) => settings.path)
  const places = [...new Set([...from, ...held])]
  const bytes = await Promise.all(places.map((place) => parts.machine.groupCopies(place)))
  const found = chooseCopies(readCopies(bytes.flat(), parts.deps.crypto), words.device)
  switch (found.kind) {
    case 'found':
      return found.graph
    case 'two-groups':
      throw new ServiceError(
        'not-allowed',
        'The directories name two different groups for these words: one of them is forged.',
        {
          nextStep: 'Name only a directory that nobody else could write to.',
        },
      )
    case 'none': {
      const where = places.length === 0 ? 'No directory was named' : `None lies in ${places.join(', ')}`
      throw new ServiceError(
        'no-group-log',
        `The words are a key, and the group itself is its log, of which every folder keeps a copy in .holt/group. ${where}, so there is nothing that the words could open.`,
      )
    }
  }
}

async function restore(parts: ServiceParts, words: Signer, graph: GroupGraph): Promise<Recovered> {
  const { groupLog, deps, pairPorts } = parts
  const name = nameOf(parts, groupLog.self)
  const record = { device: groupLog.self, exchangeKey: pairPorts.exchangeKey, name, role: 'admin' } as const
  const result = await restoreMembership(portsOf(parts), words, graph, record)
  switch (result.kind) {
    case 'restored':
      deps.log.event('recovery.restored', { group: groupLog.groupId })
      return toRecovered('restored', groupLog.state, graph)
    case 'not-alone':
      throw new ServiceError('both-in-groups', 'This device has come to share its group with others meanwhile.')
    case 'update-needed':
      throw new ServiceError('update-needed', 'The group was changed by a newer Holt.')
    case 'not-a-member':
      throw new ServiceError(
        'not-allowed',
        'The group does not take this device in: it was removed once, or the group is full.',
        {
          nextStep: 'Run `holt leave` for a new identity, then this command again.',
        },
      )
  }
}

function toRecovered(kind: Recovered['kind'], state: GroupState, graph: GroupGraph): Recovered {
  return {
    kind,
    group: { id: state.groupId, name: state.name },
    lastMs: graph.order.reduce((latest, { hlc }) => laterHlc(latest, hlc), HLC_START).ms,
    devices: [...state.members.values()].map(({ device, name, role }) => ({ id: device, name, role })),
    removed: toRemovedView(state),
    folders: [...state.folders.values()].filter(({ isWithdrawn }) => !isWithdrawn).map(({ name }) => name),
  }
}

async function removeWithWords(parts: ServiceParts, ref: string, request: RemoveWithWords): Promise<RemovedWithWords> {
  const words = signerOf(parts, request.words)
  const device = seatedOf(parts, ref)
  const name = nameOf(parts, device)
  if (device === parts.groupLog.self) throw new ServiceError('is-this-device', 'This device leaves by `holt leave`.')
  const { lost: isLost, sinceMs } = request
  const verdict = await removeByWords(portsOf(parts), words, { device, isLost, sinceMs })
  switch (verdict.kind) {
    case 'done':
      return { name, sinceMs: verdict.sinceMs }
    case 'wrong-words':
      throw new ServiceError('wrong-words', `These are not the recovery words of "${parts.groupLog.state.name}".`)
    case 'not-a-member':
      throw new ServiceError('device-not-found', `${name} was never in this group.`)
    case 'would-fall-out':
      throw new ServiceError(
        'not-allowed',
        `This device would not be in the group then: it came in by ${name} since, or another one removed it too.`,
        {
          nextStep: 'Name a later time with --since, or remove the other device with the words first.',
        },
      )
  }
}

/** Answers what other members ask of the versions that this device keeps: `/holt/kept/1`. */

import type { FolderId } from '../../protocol/ids.ts'
import type { KeptAnswer, KeptQuestion, KeptStep, KeptVersion } from '../../protocol/kept-messages.ts'
import { decodeKeptQuestion, encodeKeptAnswer } from '../../protocol/kept-messages.ts'
import { KEPT_ANSWER_MAX, KEPT_ITEMS_MAX, KEPT_SILENCE_MS } from '../../protocol/limits.ts'
import { KEPT } from '../../protocol/protocols.ts'
import { keptOf } from '../core/kept-at.ts'
import type { UndoStep } from '../core/undo.ts'
import { undoSteps } from '../core/undo.ts'
import type { AbortOptions, Clock, Log, PeerStream, PeerTransport, VersionRecord } from '../ports.ts'
import type { BroughtBack } from './bring-back.ts'
import { startDeadline } from './deadline.ts'
import type { Folder } from './folder.ts'
import type { Held } from './holding.ts'
import { keptRecords, refusalOf, restoreHere, stepsHere, undoHere } from './kept.ts'
import { Slots } from './slots.ts'

/** Questions of one device that are answered at once, or wait for that. */
const QUESTIONS_MAX = 8

export interface KeptServeDeps {
  readonly transport: Pick<PeerTransport, 'handle'>
  readonly clock: Clock
  readonly log: Log
  readonly held: (folder: FolderId) => Held | undefined
  /** Whether a device may ask. */
  readonly mayAsk: (stream: PeerStream) => boolean
}

export function serveKept(deps: KeptServeDeps, o: AbortOptions): Disposable {
  const slots = new Slots(1)
  return deps.transport.handle(KEPT, async (stream) => {
    if (!deps.mayAsk(stream) || slots.busy >= QUESTIONS_MAX) {
      stream.abort('not now')
      return
    }
    await slots.use(() => converse(deps, stream, o))
  })
}

async function converse(deps: KeptServeDeps, stream: PeerStream, o: AbortOptions): Promise<void> {
  const frame = await limited(deps, o, (limit) => stream.read(limit))
  if (frame === undefined) return
  const question = decodeKeptQuestion(frame)
  deps.log.event('kept.asked', { device: stream.remote, question: question.kind })
  let isHeard = true
  for await (const answer of answersTo(deps, question, o)) {
    if (!isHeard) continue
    try {
      await limited(deps, o, (limit) => stream.write(encodeKeptAnswer(answer), limit))
    } catch (cause) {
      // What was begun is brought to its end, though nobody hears of it.
      deps.log.event('kept.unheard', { device: stream.remote, cause: String(cause) })
      isHeard = false
    }
  }
}

async function limited<T>(
  { clock }: KeptServeDeps,
  o: AbortOptions,
  body: (o: AbortOptions) => Promise<T>,
): Promise<T> {
  using limit = startDeadline(clock, KEPT_SILENCE_MS, o)
  return await body(limit)
}

async function* answersTo(deps: KeptServeDeps, question: KeptQuestion, o: AbortOptions): AsyncGenerator<KeptAnswer> {
  const held = deps.held(question.folder)
  const folder = held?.folder
  if (held === undefined || folder === undefined) {
    yield { kind: 'refused', sentence: 'It does not keep this folder, or cannot open it now.' }
    return
  }
  const isChanging = question.kind === 'undo' || question.kind === 'restore'
  const sentence = isChanging ? await refusalOf(folder, held.settings.mode) : null
  if (sentence !== null) yield { kind: 'refused', sentence }
  else yield* answersIn(folder, question, o)
}

async function* answersIn(folder: Folder, question: KeptQuestion, o: AbortOptions): AsyncGenerator<KeptAnswer> {
  switch (question.kind) {
    case 'steps': {
      const steps = (await stepsHere(folder)).slice(0, KEPT_ANSWER_MAX).flatMap(toKeptStep)
      for (const part of parts(steps)) yield { kind: 'steps', steps: part }
      break
    }
    case 'versions': {
      const versions = await keptVersions(folder, question)
      for (const part of parts(versions)) yield { kind: 'versions', versions: part }
      break
    }
    case 'undo':
      yield* inParts(undoHere(folder, question.range, question, o))
      break
    case 'restore':
      yield* inParts(restoreHere(folder, question.path, question.atMs, o))
  }
  yield { kind: 'done' }
}

function* parts<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += KEPT_ITEMS_MAX) yield items.slice(at, at + KEPT_ITEMS_MAX)
}

/** As soon as a path is done it is told, so that nobody takes a long run for silence. */
async function* inParts(all: AsyncIterable<BroughtBack>): AsyncGenerator<KeptAnswer> {
  for await (const each of all) yield { kind: 'brought', paths: [each] }
}

/** What no other device could mean by it is not told. */
function toKeptStep({ range, keptMs, deleted, replaced, isUndo }: UndoStep): KeptStep[] {
  return range === null ? [] : [{ range, keptMs, deleted, replaced, isUndo }]
}

async function keptVersions(
  folder: Folder,
  { path, isRecursive }: Extract<KeptQuestion, { kind: 'versions' }>,
): Promise<KeptVersion[]> {
  const records = await keptRecords(folder)
  const steps = stepsOf(records)
  return keptOf(records, path, isRecursive)
    .reverse()
    .slice(0, KEPT_ANSWER_MAX)
    .map((record) => toKeptVersion(record, steps))
}

/** The step that each record is of. */
export function stepsOf(records: readonly VersionRecord[]): ReadonlyMap<VersionRecord, string> {
  return new Map(undoSteps(records).flatMap((step) => step.records.map((record) => [record, step.id])))
}

export function toKeptVersion(record: VersionRecord, steps: ReadonlyMap<VersionRecord, string>): KeptVersion {
  const { path, keptMs, sizeBytes, hash, reason, isDirectory, taken } = record
  return {
    ...{ path, keptMs, sizeBytes, hash, reason, isDirectory },
    step: steps.get(record) ?? null,
    by: taken?.by ?? null,
    isDeleted: taken === null ? null : taken.became === 'deleted',
  }
}

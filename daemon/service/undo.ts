/** Steps that can be taken back, of one folder or of all, and taking one back. */

import type {
  Undo,
  UndoList,
  UndoQuery,
  UndoStep as StepView,
  Undone as UndoneView,
} from '../../protocol/api/versions.ts'
import { isCalled } from '../core/undo.ts'
import { ServiceError } from '../http/service.ts'
import type { AbortOptions } from '../ports.ts'
import type { FoundStep, Refusal } from '../sync/undo.ts'
import { findSteps, undoStep } from '../sync/undo.ts'
import { countBrought } from './brought.ts'
import type { ServiceParts } from './parts.ts'
import { toFolderView } from './folder-view.ts'
import { folderOf, heldFolderOf, knownFolders, nameOf } from './refs.ts'
import { waitUntil } from './waiting.ts'
import type { HeldFolder } from './versions.ts'
import { holdersOffline, openFolder, undoPorts, unheardOf } from './versions.ts'

interface StepOf {
  readonly known: HeldFolder
  readonly step: FoundStep
}

export async function listSteps(parts: ServiceParts, { folder }: UndoQuery, o: AbortOptions): Promise<UndoList> {
  const { steps, refusals } = await stepsOfAll(parts, foldersOf(parts, folder), o)
  return { steps: steps.map((each) => toView(parts, each)), unheard: unheardOf(parts, refusals) }
}

/** One folder, or all whose roots are open. @throws ServiceError `folder-not-ready` where the one is not */
function foldersOf(parts: ServiceParts, ref: string | undefined): HeldFolder[] {
  if (ref === undefined) {
    return knownFolders(parts).flatMap(({ id, held }) => (held?.folder === undefined ? [] : [heldFolderOf(parts, id)]))
  }
  const known = heldFolderOf(parts, ref)
  openFolder(known)
  return [known]
}

async function stepsOfAll(
  parts: ServiceParts,
  folders: readonly HeldFolder[],
  o: AbortOptions,
): Promise<{ readonly steps: readonly StepOf[]; readonly refusals: readonly Refusal[] }> {
  const all = await Promise.all(
    folders.map(async (known) => {
      const { steps, refusals } = await findSteps(undoPorts(parts), known.held, openFolder(known), o)
      return { steps: steps.map((step) => ({ known, step })), refusals }
    }),
  )
  const steps = all.flatMap((each) => each.steps).sort((a, b) => b.step.keptMs - a.step.keptMs)
  const refusals = new Map(all.flatMap((each) => each.refusals).map((refusal) => [refusal.device, refusal]))
  return { steps, refusals: [...refusals.values()] }
}

/** @throws ServiceError `nothing-kept`, `step-not-found` */
export async function undo(parts: ServiceParts, request: Undo, o: AbortOptions): Promise<UndoneView> {
  const folders = foldersOf(parts, request.folder)
  if (request.step === undefined) await settled(parts, folders, o)
  const { steps, refusals } = await stepsOfAll(parts, folders, o)
  const chosen = steps.find(({ step }) => (request.step === undefined ? !step.isUndo : isCalled(step, request.step)))
  if (chosen === undefined) throw nothingToUndo(parts, request.step, folders)
  const { known, step } = chosen
  const folder = openFolder(known)
  const isDryRun = request.dryRun
  const undone = await undoStep(undoPorts(parts), known.held, folder, step, { isDryRun, signal: o.signal })
  parts.deps.log.event('folder.undone', { folder: known.id, step: step.id, paths: undone.paths.length, isDryRun })
  if (undone.paths.length === 0 && undone.refusals.length > 0) throw notReady(parts, undone.refusals)
  return {
    step: toView(parts, chosen),
    dryRun: isDryRun,
    ...countBrought(undone.paths),
    unheard: unheardOf(parts, [...refusals, ...undone.refusals, ...offline(parts, known)]),
  }
}

/** How long what was done just now may be on its way to the devices that will keep what it takes away, in milliseconds. */
const SETTLE_MS = 10_000

/**
 * What somebody did a moment ago is the newest step, and not the one before it: it is waited for until the devices that are online
 * have it. @throws ServiceError `folder-not-ready` where it waits for a person: then nothing is taken away yet
 */
async function settled(parts: ServiceParts, folders: readonly HeldFolder[], o: AbortOptions): Promise<void> {
  const isQuiet = ({ id, held }: HeldFolder): boolean => {
    const folder = held.folder
    if (folder !== undefined && (folder.burst !== null || folder.hints.all || folder.hints.directories.size > 0))
      return false
    const { state, peers } = toFolderView(parts, folderOf(parts, id))
    return state.kind !== 'syncing' && peers.every(({ isOnline, isInSync }) => !isOnline || isInSync)
  }
  const halted = (): ServiceError | undefined =>
    folders.map((known) => waitingForPerson(parts, known)).find((each) => each !== undefined)
  await waitUntil(parts, () => halted() !== undefined || folders.every(isQuiet), { ...o, waitMs: SETTLE_MS })
  const refusal = halted()
  if (refusal !== undefined) throw refusal
}

function waitingForPerson(parts: ServiceParts, { id, name }: HeldFolder): ServiceError | undefined {
  const { state } = toFolderView(parts, folderOf(parts, id))
  if (state.kind !== 'halted' || state.halt.reason !== 'mass-delete') return undefined
  return new ServiceError('folder-not-ready', `"${name}" waits for a person. ${state.halt.detail}`, {
    nextStep: `Run: ${state.halt.commands[0] ?? 'holt status'}`,
  })
}

function offline(parts: ServiceParts, known: HeldFolder): Refusal[] {
  return holdersOffline(parts, known).map((device) => ({
    device,
    sentence: 'It is offline; what it keeps is not known. What came back reaches it when it is online.',
  }))
}

function nothingToUndo(parts: ServiceParts, id: string | undefined, folders: readonly HeldFolder[]): ServiceError {
  if (id !== undefined) return new ServiceError('step-not-found', `No device that is online knows a step "${id}".`)
  const away = [...new Set(folders.flatMap((known) => holdersOffline(parts, known)))].map((each) => nameOf(parts, each))
  const message = 'Nothing that was deleted or replaced is kept, neither here nor on another device that is online.'
  if (away.length === 0) return new ServiceError('nothing-kept', message)
  const nextStep = `${away.join(' and ')} ${away.length === 1 ? 'is' : 'are'} offline and may keep it: run it again when you see them in \`holt devices\`, or run it there.`
  return new ServiceError('nothing-kept', message, { nextStep })
}

function notReady(parts: ServiceParts, refusals: readonly Refusal[]): ServiceError {
  const all = unheardOf(parts, refusals).map(({ name, reason }) => `${name}: ${reason}`)
  return new ServiceError('folder-not-ready', `Nothing was taken back. ${all.join(' ')}`)
}

function toView(parts: ServiceParts, { known, step }: StepOf): StepView {
  const { id, range, keptMs, deleted, replaced, isUndo, devices } = step
  return {
    ...{ id, keptMs, deleted, replaced, isUndo },
    folder: known.id,
    folderName: known.name,
    by: range?.by ?? null,
    byName: range === null ? null : nameOf(parts, range.by),
    devices: [...devices],
  }
}

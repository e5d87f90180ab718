/** What this device keeps of a folder, and what may be done with it: looked at, or brought back. */

import type { FolderMode } from '../../protocol/group.ts'
import type { DirPath } from '../../protocol/path.ts'
import { presentOf } from '../core/local.ts'
import { restoreTargets } from '../core/kept-at.ts'
import type { StepRange, UndoStep } from '../core/undo.ts'
import { RESTORED, UNDONE, isSameStep, targetsOf, undoSteps } from '../core/undo.ts'
import type { AbortOptions, VersionRecord } from '../ports.ts'
import type { BroughtBack } from './bring-back.ts'
import { bringBack } from './bring-back.ts'
import type { Folder } from './folder.ts'
import { rootHalt } from './root-halt.ts'

/** Oldest first. */
export async function keptRecords({ tree }: Pick<Folder, 'tree'>): Promise<VersionRecord[]> {
  const records: VersionRecord[] = []
  for await (const record of tree.versions()) records.push(record)
  return records
}

/** Newest first. */
export async function stepsHere(folder: Folder): Promise<UndoStep[]> {
  return undoSteps(await keptRecords(folder))
}

/** Why nothing can be brought back here now, as a sentence; null where it can. */
export async function refusalOf(folder: Folder, mode: FolderMode): Promise<string | null> {
  if (mode !== 'send-receive' && mode !== 'send-only')
    return 'It only receives this folder, so what it changes reaches nobody.'
  if ((await rootHalt(folder)) !== null) return 'The directory of the folder is not there, or cannot be written to.'
  if (!folder.isScanned) return 'It has not looked through the folder yet, since it was started.'
  return null
}

/** Takes back what is kept here of a step; by its id where it is of this device only. */
export async function* undoHere(
  folder: Folder,
  step: StepRange | string,
  { isDryRun }: { readonly isDryRun: boolean },
  o: AbortOptions,
): AsyncGenerator<BroughtBack> {
  const isMeant = ({ id, range }: UndoStep): boolean =>
    typeof step === 'string' ? id === step : range !== null && isSameStep(range, step)
  const records = (await stepsHere(folder)).filter(isMeant).flatMap((each) => each.records)
  yield* bringBack(folder, targetsOf(records), { reason: UNDONE, isForced: false, isDryRun }, o)
}

export async function* restoreHere(
  folder: Folder,
  path: DirPath,
  atMs: number | null,
  o: AbortOptions,
): AsyncGenerator<BroughtBack> {
  const records = await keptRecords(folder)
  const { targets } = restoreTargets(records, path, atMs, (at) => isThere(folder, at))
  yield* bringBack(folder, targets, { reason: RESTORED, isForced: true, isDryRun: false }, o)
}

export function isThere({ deps, id }: Folder, path: Parameters<typeof restoreTargets>[1]): boolean {
  if (path === '') return true
  return presentOf(deps.catalogue.read((tx) => tx.own(id, path))) !== undefined
}

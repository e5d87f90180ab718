/** Reading again what is held, as a person asks for it and sees it. */

import type { StartVerify, Verification, VerifiedFolder } from '../../protocol/api/verify.ts'
import type { FolderId } from '../../protocol/ids.ts'
import type { VerifyService } from '../http/service.ts'
import { ServiceError } from '../http/service.ts'
import type { AbortOptions } from '../ports.ts'
import type { DamageEvent } from '../sync/damage.ts'
import type { Folder } from '../sync/folder.ts'
import { askRound } from '../sync/scrub.ts'
import { untilOpened } from './opening.ts'
import type { ServiceParts } from './parts.ts'
import { heldFolderOf, knownFolders } from './refs.ts'
import type { KnownFolder } from './refs.ts'

export function createVerifyService(parts: ServiceParts): VerifyService {
  return {
    verification: (ref) => Promise.resolve(verificationOf(parts, asked(parts, ref))),
    startVerify: (request, o) => startVerify(parts, request, o),
  }
}

function asked(parts: ServiceParts, ref: string | undefined): KnownFolder[] {
  if (ref !== undefined) return [heldFolderOf(parts, ref)]
  return knownFolders(parts).filter(({ held }) => held !== undefined)
}

/** A daemon that has only just begun opens its folders first. */
async function startVerify(
  parts: ServiceParts,
  { folder, repair }: StartVerify,
  o: AbortOptions,
): Promise<Verification> {
  const folders = asked(parts, folder)
  await untilOpened(parts, folders, o)
  for (const { id, name } of folders) {
    const open = parts.sync.engine.folder(id)
    if (open !== undefined && isThere(open)) askRound(open, { isRepair: repair })
    else if (folder !== undefined)
      throw new ServiceError('path-not-found', `"${name}" cannot be read for now: its directory is not there.`)
  }
  return verificationOf(parts, folders)
}

/** Whether its directory can be read: what halts the others is no reason against it. */
function isThere({ halt }: Folder): boolean {
  return halt === null || halt.kind === 'mass-delete-here' || halt.kind === 'mass-delete-elsewhere'
}

function verificationOf(parts: ServiceParts, folders: readonly KnownFolder[]): Verification {
  return { folders: folders.flatMap((known) => verifiedFolder(parts, known)) }
}

function verifiedFolder(parts: ServiceParts, { id, name, held }: KnownFolder): VerifiedFolder[] {
  const folder = held?.folder
  if (folder === undefined) return []
  const { scrub, damaged } = folder
  const totals = parts.deps.catalogue.read((tx) => tx.totals(id))
  const { underWay, waiting } = repairsOf(parts, folder)
  const isReading = scrub.asked !== null || scrub.running === 'asked'
  return [
    {
      folder: id,
      name,
      state: isReading ? 'reading' : underWay > 0 ? 'repairing' : 'done',
      files: scrub.files,
      bytes: scrub.bytes,
      filesTotal: totals.files,
      bytesTotal: totals.bytes,
      damaged: damaged.size,
      repaired: scrub.repaired,
      waiting,
      damagedVersions: scrub.damagedVersions.size,
      lastCompleteMs: scrub.lastCompleteMs,
    },
  ]
}

/** Of what is to be repaired: what comes, and what nobody within reach can give. */
function repairsOf(parts: ServiceParts, folder: Folder): { underWay: number; waiting: number } {
  const wanted = [...folder.damaged].filter(([, { isToRepair }]) => isToRepair)
  if (wanted.length === 0) return { underWay: 0, waiting: 0 }
  const pulls = [...parts.sync.pulls.wanted()].filter((pull) => pull.folder === folder.id)
  const stuck = new Set(pulls.filter(({ state }) => state !== 'active' && state !== 'queued').map(({ hash }) => hash))
  const mayGoOn = !folder.isPaused && folder.halt === null
  const waiting = wanted.filter(([, { hash }]) => stuck.has(hash) || !mayGoOn).length
  return { underWay: wanted.length - waiting, waiting }
}

/** What was found or is over, as events of the API. */
export function publishDamage({ events }: ServiceParts, folder: FolderId, damage: readonly DamageEvent[]): void {
  for (const event of damage) {
    const { path } = event
    if (event.kind !== 'found') events.publish({ kind: 'path.problem-gone', folder, path })
    else events.publish({ kind: 'path.problem', folder, path, state: 'damaged', reason: event.problem.sentence })
  }
}

/** A look through a folder on request, and the events of all looks. */

import type { Scan } from '../../protocol/api/folders.ts'
import type { FolderId } from '../../protocol/ids.ts'
import { shellWord } from '../../protocol/shell-word.ts'
import { ServiceError } from '../http/service.ts'
import type { AbortOptions } from '../ports.ts'
import { hint } from '../sync/folder.ts'
import type { LookEvent } from '../sync/folder-loops.ts'
import type { Look } from '../sync/looks.ts'
import { LookEnded } from '../sync/looks.ts'
import { toFolderView } from './folder-view.ts'
import { untilOpened } from './opening.ts'
import type { ServiceParts } from './parts.ts'
import type { KnownFolder } from './refs.ts'
import { heldFolderOf } from './refs.ts'

const MS_PER_SECOND = 1000

/** Resolves when a look that began after the call is over. */
export async function scanFolder(parts: ServiceParts, ref: string, o: AbortOptions): Promise<Scan> {
  const known = heldFolderOf(parts, ref)
  const { id, name, held } = known
  if (held.settings.isPaused) {
    throw new ServiceError('folder-paused', `"${name}" is paused on this device.`, {
      nextStep: `Run \`holt folder resume ${shellWord(name)}\` first.`,
    })
  }
  await untilOpened(parts, [known], o)
  const folder = parts.sync.engine.folder(id)
  if (folder === undefined || folder.halt !== null) throw halted(parts, known)
  const { files, changed, problems, tookMs, halt } = await lookThrough(folder, name, o)
  if (halt !== null) throw halted(parts, known)
  return { folder: id, name, files, changed, problems, tookMs }
}

async function lookThrough(folder: Parameters<typeof hint>[0], name: string, o: AbortOptions): Promise<Look> {
  const look = folder.looks.next(o)
  hint(folder, 'all')
  try {
    return await look
  } catch (cause) {
    if (!(cause instanceof LookEnded)) throw cause
    throw new ServiceError('folder-not-ready', `"${name}" was stopped or begins anew before it was looked through.`, {
      cause,
    })
  }
}

function halted(parts: ServiceParts, known: KnownFolder): ServiceError {
  const { state } = toFolderView(parts, heldFolderOf(parts, known.id))
  if (state.kind !== 'halted') return new ServiceError('folder-not-ready', `"${known.name}" is not open yet.`)
  const { detail, commands } = state.halt
  const [first] = commands
  return new ServiceError('folder-halted', `"${known.name}" has halted. ${detail}`, {
    ...(first !== undefined && { nextStep: `Run \`${first}\`, or see \`holt status\` for what else there is.` }),
  })
}

/** What begins and ends, as events of the API. Nobody knows how much there is to be looked at. */
export function publishLook({ events }: ServiceParts, folder: FolderId, event: LookEvent): void {
  if (event.kind === 'looking') {
    events.publish({ kind: 'scan.start', folder, isFull: event.isFull })
    return
  }
  const { files, bytes, changed, problems, tookMs } = event.look
  const rate = tookMs === 0 ? 0 : (bytes * MS_PER_SECOND) / tookMs
  events.publish({ kind: 'scan.done', folder, files, bytes, rate, etaMs: null, changed, problems, tookMs })
}

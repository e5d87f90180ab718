/** A path as a person names it on this machine: in which folder it lies, and what it is called there. */

import type { RelPath } from '../../protocol/path.ts'
import { parseRelPath } from '../../protocol/path.ts'
import { ServiceError } from '../http/service.ts'
import type { Held } from '../sync/holding.ts'
import type { ServiceParts } from './parts.ts'
import { heldFolderOf, knownFolders } from './refs.ts'
import type { KnownFolder } from './refs.ts'

export interface Located {
  readonly known: KnownFolder & { readonly held: Held }
  /** Undefined for the root itself. */
  readonly path: RelPath | undefined
}

/**
 * Nothing has to be at the path any more. Symbolic links above it are resolved; one at the path itself is meant, not where it points.
 *
 * @param absolute with `/` between components.
 * @throws ServiceError `not-in-folder`, `bad-request` for a name that no folder can hold
 */
export async function locate(parts: ServiceParts, absolute: string): Promise<Located> {
  const trimmed = absolute.replace(/\/+$/, '')
  const slash = trimmed.lastIndexOf('/')
  const parent = await parts.machine.inspect(trimmed.slice(0, slash) || '/')
  const real = `${parent.realPath === '/' ? '' : parent.realPath}/${trimmed.slice(slash + 1)}`
  for (const candidate of [real, (await parts.machine.inspect(trimmed)).realPath]) {
    for (const { id, held } of knownFolders(parts)) {
      const root = held?.settings.path
      if (root === undefined) continue
      if (candidate === root) return { known: heldFolderOf(parts, id), path: undefined }
      if (!candidate.startsWith(`${root}/`)) continue
      return { known: heldFolderOf(parts, id), path: relPathOf(candidate.slice(root.length + 1)) }
    }
  }
  throw new ServiceError('not-in-folder', `${absolute} lies in no folder that this device keeps.`)
}

function relPathOf(text: string): RelPath {
  try {
    return parseRelPath(text.normalize('NFC'))
  } catch (cause) {
    throw new ServiceError('bad-request', `"${text}" is a name that no folder can hold.`, { cause })
  }
}

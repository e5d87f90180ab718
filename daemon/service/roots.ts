/** Where a folder's root may be, and making one there. */

import type { FolderId } from '../../protocol/ids.ts'
import { ServiceError } from '../http/service.ts'
import type { PathFacts, ServiceParts } from './parts.ts'

/** @param marker the folder whose root it may already be. @throws ServiceError where a folder's root cannot be. */
export async function checkRoot(parts: ServiceParts, facts: PathFacts, marker: FolderId | null): Promise<void> {
  const { realPath } = facts
  if (facts.exists && !facts.isDirectory) throw new ServiceError('not-a-directory', `${realPath} is not a directory.`)
  if (facts.exists && !facts.isWritable) throw new ServiceError('root-read-only', `${realPath} cannot be written to.`)
  if (facts.marker !== null && facts.marker !== marker)
    throw new ServiceError('root-marked', `${realPath} already belongs to another folder.`)
  await checkApartFromHome(parts, realPath)
  for (const { settings } of parts.sync.engine.held()) {
    const place = placeTo(realPath, settings.path)
    if (place !== undefined)
      throw new ServiceError('root-overlap', `${realPath} ${place}, the root of the folder "${settings.name}".`)
  }
}

/** The keys of this device are nobody else's, and its lock is lost when its own process reads the file. */
async function checkApartFromHome({ facts, machine }: ServiceParts, path: string): Promise<void> {
  const { realPath: home } = await machine.inspect(facts.home)
  const place = placeTo(path, home)
  if (place === undefined) return
  const how = path === home ? 'is' : `${place},`
  throw new ServiceError('root-private', `${path} ${how} where Holt keeps its keys and state.`)
}

/** How a path lies to another, in words, where they overlap. */
function placeTo(path: string, other: string): string | undefined {
  if (path === other) return `is ${other}`
  if (isInside(path, other)) return `lies inside ${other}`
  return isInside(other, path) ? `contains ${other}` : undefined
}

function isInside(inner: string, outer: string): boolean {
  return inner.startsWith(outer.endsWith('/') ? outer : `${outer}/`)
}

const ROOT_ERRORS = new Map([
  ['missing-parent', 'parent-missing'],
  ['not-a-directory', 'not-a-directory'],
  ['read-only', 'root-read-only'],
  ['denied', 'root-denied'],
  ['no-space', 'no-space'],
  ['already-marked', 'root-marked'],
] as const)

/** @throws ServiceError */
export async function makeRoot(parts: ServiceParts, path: string, id: FolderId): Promise<void> {
  try {
    await parts.machine.createRoot(path, id)
  } catch (cause) {
    if (!(cause instanceof Error) || !('code' in cause)) throw cause
    const code = [...ROOT_ERRORS].find(([from]) => from === cause.code)?.[1]
    if (code === undefined) throw cause
    throw new ServiceError(code, `${cause.message}.`, { cause })
  }
}

/** Who may import whom. A room is the directory that a file lives in; `protocol`, `cli` and `test` are rooms, too. */

import { builtinModules } from 'node:module'
import { posix } from 'node:path'
import type { ModuleImport, Rule, SourceModule, Violation } from './module.ts'

/** Rooms that decide without touching anything. */
export const PURE_ROOMS: readonly string[] = ['protocol', 'daemon/core', 'daemon/sync']
const ADAPTERS = ['disk', 'blobs', 'catalogue', 'peers', 'backends', 'media'].map((room) => `daemon/${room}`)
/** Ports and nothing else: `daemon/ports.ts`, `daemon/catalogue-port.ts`. */
const PORTS = /^daemon\/(ports|[a-z-]+-port)\.ts$/
/** Touches nothing, so that `sync` may have it, too. */
const BELL = 'daemon/bell.ts'
/** What rooms share that are none of each other's business. */
const SHARED = [
  'daemon/core/backoff.ts',
  'daemon/blake3.ts',
  'daemon/batches.ts',
  'daemon/bell.ts',
  'daemon/read-memory.ts',
]
/** The files that know every room: where everything is put together, and its door. */
const COMPOSITION = /^daemon\/(main|daemon|daemon-[a-z-]+|sync-pair)\.ts$/

/** What a room may import besides itself; packages and `node:*` are another rule. */
function isAllowed(room: string, imported: ModuleImport, target: string): boolean {
  const to = roomOf(target)
  if (to === room || to === 'protocol') return true
  if (ADAPTERS.includes(room)) return PORTS.test(target) || SHARED.includes(target)
  switch (room) {
    case 'protocol':
    case 'cli':
    case 'web':
      return false
    case 'daemon/core':
      return PORTS.test(target) && imported.isTypeOnly
    case 'daemon/sync':
      return PORTS.test(target) || to === 'daemon/core' || target === BELL
    case 'daemon/library':
      return PORTS.test(target) || to === 'daemon/core'
    case 'daemon/http':
      return PORTS.test(target) || (['daemon/sync', 'daemon/library'].includes(to) && imported.isTypeOnly)
    default:
      return true
  }
}

export const followsTheHouse: Rule = (module) => {
  const room = roomOf(module.path)
  if (isTest(module.path) || COMPOSITION.test(module.path)) return []
  return findLocal(module).flatMap(({ imported, target }) => {
    if (room === 'daemon' && roomOf(target).startsWith('daemon/') && !SHARED.includes(target)) {
      return [at(module, imported, `only daemon.ts knows the rooms; ${module.path} may not import ${target}`)]
    }
    if (isAllowed(room, imported, target)) return []
    const kind = imported.isTypeOnly ? 'types of ' : ''
    return [at(module, imported, `${room} may not import ${kind}${target}`)]
  })
}

/** The code that ships never imports what tests, benchmarks and scripts are made of. */
export const shipsWithoutTests: Rule = (module) => {
  if (!/^(protocol|daemon|cli|web)\//.test(module.path)) return []
  return findLocal(module)
    .filter(({ target }) => !/^(protocol|daemon|cli|web)\//.test(target))
    .map(({ imported, target }) => at(module, imported, `what ships may not import ${target}`))
}

export const pureRoomsKnowNoNode: Rule = (module) => {
  if (!PURE_ROOMS.includes(roomOf(module.path))) return []
  return module.imports
    .filter(({ specifier }) => specifier.startsWith('node:') || builtinModules.includes(specifier))
    .map((imported) => at(module, imported, `${roomOf(module.path)} is pure; ${imported.specifier} enters by a port`))
}

export const importsNameTheirFile: Rule = (module) =>
  findLocal(module)
    .filter(({ target }) => !/\.(ts|json)$/.test(target))
    .map(({ imported }) => at(module, imported, `"${imported.specifier}" does not end in .ts`))

/** `protocol`, `cli`, `test` …; below `daemon/` the directory, and `daemon` for files that lie directly in it. */
export function roomOf(path: string): string {
  const [top = '', second = '', ...rest] = path.split('/')
  return top === 'daemon' && rest.length > 0 ? posix.join(top, second) : top
}

function isTest(path: string): boolean {
  return !/^(protocol|daemon|cli|web)\//.test(path)
}

function findLocal(module: SourceModule): { imported: ModuleImport; target: string }[] {
  return module.imports.flatMap((imported) => (imported.target === null ? [] : [{ imported, target: imported.target }]))
}

function at(module: SourceModule, imported: ModuleImport, message: string): Violation {
  return { path: module.path, line: imported.line, message }
}

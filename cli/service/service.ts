/** The daemon as a service of this user: what is written and what is run for it, by operating system. */

import { resolve } from 'node:path'
import type { Home } from '../home.ts'
import { homePathFor } from '../../protocol/api/home-path.ts'
import type { World } from '../world.ts'
import { createLaunchAgent } from './launchd.ts'
import { createUnit } from './systemd.ts'
import { createRunEntry } from './windows-run.ts'

export type ServiceKind = 'systemd' | 'launchd' | 'windows-run'

/** Words of a command line: the program first. */
export type Words = readonly [string, ...string[]]

/** What makes a service. Nothing here has been done. */
export interface ServicePlan {
  readonly kind: ServiceKind
  /** As the service manager knows it. */
  readonly name: string
  /** Where it stands, for people: a file, or a key of the registry. */
  readonly place: string
  /** To be written with these contents. Undefined where commands do it all. */
  readonly file: { readonly path: string; readonly text: string } | undefined
  /** After the file was written. The service runs then. */
  readonly install: readonly Words[]
  /** Before the file is removed. The service has stopped then. */
  readonly remove: readonly Words[]
  /** After the file was removed. */
  readonly afterRemove: readonly Words[]
  /** Succeeds while it is installed; undefined where the file says it. */
  readonly isInstalled: Words | undefined
  /** Succeeds while it runs. Undefined where the system does not know. */
  readonly isActive: Words | undefined
  /** What a person may want to know. */
  readonly hint: string | undefined
}

export interface ServiceQuestion {
  readonly world: ServiceWorld
  readonly home: Home
  /** Tells the services of several homes apart; empty for the default one. */
  readonly suffix: string
}

/** All that a plan is made of. */
export type ServiceWorld = Pick<World, 'platform' | 'environment' | 'homeDirectory' | 'daemonProgram'>

export function planService(world: ServiceWorld, home: Home): ServicePlan {
  const { HOLT_HOME: _given, ...environment } = world.environment
  const { platform, homeDirectory } = world
  const isDefault = home.path === resolve(homePathFor({ environment, platform, homeDirectory }))
  const question = { world, home, suffix: isDefault ? '' : `-${shortName(home.path)}` }
  switch (world.platform) {
    case 'darwin':
      return createLaunchAgent(question)
    case 'win32':
      return createRunEntry(question)
    default:
      return createUnit(question)
  }
}

/** The last part of the path and a number that differs for each path. */
function shortName(path: string): string {
  const last = path.split(/[\\/]/).at(-1) ?? ''
  let sum = 0
  for (const character of path) sum = (Math.imul(sum, 31) + (character.codePointAt(0) ?? 0)) >>> 0
  return `${last.replaceAll(/[^A-Za-z0-9]/g, '')}-${sum.toString(36)}`
}

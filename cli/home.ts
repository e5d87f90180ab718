/** Which daemon is meant: the home that it keeps its state in, and the socket where it answers. */

import { lstatSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { EXIT } from '../protocol/api/constants.ts'
import { homePathFor, runtimeDirFor } from '../protocol/api/home-path.ts'
import { socketPathFor } from '../protocol/api/socket-path.ts'
import { CliError } from './cli-error.ts'
import type { World } from './world.ts'

export interface Home {
  /** Absolute. */
  readonly path: string
  readonly socketPath: string
}

type Places = 'workingDirectory' | 'environment' | 'temporaryDirectory' | 'platform' | 'homeDirectory'

export function findHome(world: Pick<World, Places>): Home {
  const { workingDirectory, environment, temporaryDirectory, platform } = world
  const path = resolve(workingDirectory, homePathFor(world))
  const runtimeDir = runtimeDirFor(environment, temporaryDirectory)
  return { path, socketPath: socketPathFor({ home: path, runtimeDir, platform }) }
}

/**
 * Anybody may make a directory among the temporary files: a socket there is only talked to if this user made the directory.
 * @throws CliError `refused`
 */
export function checkSocketOwner({ socketPath }: Home): void {
  const uid = process.getuid?.()
  const directory = dirname(socketPath)
  const stat = lstatSync(directory, { throwIfNoEntry: false })
  if (uid === undefined || stat === undefined || stat.uid === uid) return
  throw new CliError(EXIT.refused, `The daemon's socket lies in ${directory}, which belongs to another user.`, {
    nextStep: 'Run holt as the user who started the daemon, or set HOLT_HOME to a directory of your own.',
  })
}

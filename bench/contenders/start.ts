/** Every program by its name: what version is installed, and how it is started. */

import { readFileSync } from 'node:fs'
import type { Contender, Program } from './contender.ts'
import { versionOf } from './contender.ts'
import { startHolt } from './holt.ts'
import { startOneShot } from './one-shot.ts'
import { ONE_SHOTS } from './one-shots.ts'
import { startSyncthing } from './syncthing.ts'

/** Undefined where it is not installed. */
export function installedVersion(program: Program): string | undefined {
  switch (program) {
    case 'Holt':
      return holtVersion()
    case 'Syncthing':
    case 'Syncthing by hand':
      return versionOf('syncthing', '--version')
    case 'rsync':
      return versionOf('rsync', '--version')
    case 'rsync --fsync':
      return versionOf('rsync', '--fsync', '--version')
    case 'Unison':
      return versionOf('unison', '-version')
    case 'rclone':
      return versionOf('rclone', 'version')
    case 'bare Node':
      return process.version
  }
}

/** @param program one that is installed, and keeps directories the same */
export async function startContender(program: Program, directory: string): Promise<Contender> {
  if (program === 'Holt') return await startHolt(directory)
  if (program === 'Syncthing' || program === 'Syncthing by hand')
    return await startSyncthing(directory, program === 'Syncthing by hand')
  const oneShot = ONE_SHOTS.find((each) => each.program === program)
  if (oneShot === undefined) throw new Error(`${program} keeps no directories the same`)
  return startOneShot(directory, oneShot)
}

function holtVersion(): string | undefined {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return /"version": "([^"]+)"/.exec(text)?.[1]
}

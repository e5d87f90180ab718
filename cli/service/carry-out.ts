/** Carries out what a service plan says. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { text } from 'node:stream/consumers'
import { EXIT } from '../../protocol/api/constants.ts'
import { CliError } from '../cli-error.ts'
import type { World } from '../world.ts'
import type { ServicePlan, Words } from './service.ts'

/** @throws CliError when the service manager refuses; what was written is taken back then */
export async function installService(world: World, plan: ServicePlan): Promise<void> {
  const { file, install } = plan
  if (file !== undefined) {
    await mkdir(dirname(file.path), { recursive: true })
    await writeFile(file.path, file.text)
  }
  try {
    for (const words of install) await runOrThrow(world, words)
  } catch (error) {
    if (file !== undefined) await rm(file.path, { force: true })
    throw error
  }
}

/** Whether there was anything to remove. @throws CliError when the service manager refuses */
export async function removeService(world: World, plan: ServicePlan): Promise<boolean> {
  if (!(await isInstalled(world, plan))) return false
  // A service manager that is not there has nothing running, and its file has to go all the same.
  for (const words of plan.remove) await run(world, words)
  if (plan.file !== undefined) await rm(plan.file.path, { force: true })
  for (const words of plan.afterRemove) await run(world, words)
  return true
}

export async function isInstalled(world: World, { file, isInstalled: words }: ServicePlan): Promise<boolean> {
  if (words !== undefined) return (await run(world, words)).isDone
  return file !== undefined && existsSync(file.path)
}

/** Null where the system does not know. */
export async function isActive(world: World, { isActive: words }: ServicePlan): Promise<boolean | null> {
  return words === undefined ? null : (await run(world, words)).isDone
}

async function runOrThrow(world: World, words: Words): Promise<void> {
  const { isDone, said } = await run(world, words)
  if (isDone) return
  const why = said === '' ? 'it failed' : said
  throw new CliError(EXIT.failed, `The service could not be installed: ${words.join(' ')}: ${why}`, {
    nextStep: 'Without a service, run `holt start` after each login.',
  })
}

async function run({ environment }: World, [program, ...words]: Words): Promise<{ isDone: boolean; said: string }> {
  const child = spawn(program, words, {
    env: { ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
    windowsHide: true,
  })
  const said = text(child.stderr)
  try {
    await once(child, 'close')
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause
    return { isDone: false, said: cause.message }
  }
  return { isDone: child.exitCode === 0, said: (await said).trim() }
}

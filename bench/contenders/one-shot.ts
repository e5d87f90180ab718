/** Programs that run once, from one directory to the other, and end: started when the files appear. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { endedChildrenCpuSeconds } from '../processes.ts'
import type { Contender, Program } from './contender.ts'

export interface Ends {
  readonly here: string
  readonly there: string
  /** For what the program keeps of its own. */
  readonly home: string
}

/** What to type, by name and words, with what environment. */
export interface Typed {
  readonly command: string
  readonly words: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

export interface OneShot {
  readonly program: Program
  typed(ends: Ends): Typed
  /** What went over its wire, from what it says; undefined where it has none. */
  wireBytes?(said: string): number | undefined
}

export function makeEnds(directory: string): Ends {
  const ends = { here: join(directory, 'a'), there: join(directory, 'b'), home: join(directory, 'home') }
  for (const each of Object.values(ends)) mkdirSync(each, { recursive: true })
  return ends
}

export function startOneShot(directory: string, oneShot: OneShot): Contender {
  const ends = makeEnds(directory)
  let wireBytes: number | undefined
  const run = async (): Promise<void> => {
    const said = await runToEnd(oneShot.typed(ends))
    const bytes = oneShot.wireBytes?.(said)
    if (bytes !== undefined) wireBytes = (wireBytes ?? 0) + bytes
  }
  return {
    ...{ program: oneShot.program, here: ends.here, there: ends.there, settled: run },
    cpuSeconds: endedChildrenCpuSeconds,
    wireBytes: () => (oneShot.wireBytes === undefined ? undefined : (wireBytes ?? 0)),
    sides: undefined,
    rescan: async () => {
      await run()
      return 'done'
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

/** @returns what it said. @throws Error with the same unless it ends with 0 */
export async function runToEnd({ command, words, environment }: Typed): Promise<string> {
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } })
  const ended = once(child, 'close') as Promise<[number | null]>
  const [[status], said, complaint] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${said.slice(-500)}${complaint.slice(-500)}`)
  return said
}

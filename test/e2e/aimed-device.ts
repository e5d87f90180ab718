/** A device whose daemon can be killed at a commit point, as `kill-at.ts` does it. */

import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { CommitPoint } from './commit-points.ts'
import { Device, until } from './device.ts'
import { filesBelow, isWhole } from './hands.ts'

const PRELOAD = new URL('./kill-at.ts', import.meta.url).href

export interface Aim {
  readonly point: CommitPoint
  /** Counts from 1. */
  readonly no: number
  readonly when: 'before' | 'after'
}

export class AimedDevice extends Device {
  readonly #aimFile: string

  constructor(name: string) {
    const aimFile = join(mkdtempSync(join(tmpdir(), `holt-aim-${name}-`)), 'aim')
    writeFileSync(aimFile, '')
    super(name, { prefix: () => [`NODE_OPTIONS=--import=${PRELOAD}`, `HOLT_TEST_KILL_AT=${aimFile}`] })
    this.#aimFile = aimFile
  }

  /** From now on, or from its next start, it counts how often it comes to the point. Null: it lives. */
  async aim(aim: Aim | null): Promise<void> {
    const text = aim === null ? '' : `${aim.point}:${aim.no}:${aim.when}`
    writeFileSync(this.#aimFile, text)
    if (!this.isRunning()) return
    rmSync(`${this.#aimFile}.taken`, { force: true })
    process.kill(this.pid, 'SIGUSR2')
    await until(`${this.name} takes aim`, () => this.#hasTaken(text))
  }

  #hasTaken(text: string): boolean {
    const taken = `${this.#aimFile}.taken`
    return existsSync(taken) && readFileSync(taken, 'utf8') === text
  }

  /** Whether the daemon has died within the time, or when `isOver` says that it will not any more. */
  async dies(isOver: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs
    while (this.isRunning() && performance.now() < deadline) {
      const startMs = performance.now()
      if (await isOver()) break
      // A look that costs much is taken less often: the daemon needs the processor, too.
      await delay(Math.max(20, 3 * (performance.now() - startMs)))
    }
    return !this.isRunning()
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]()
    rmSync(join(this.#aimFile, '..'), { recursive: true, force: true })
  }
}

/** Files of a folder that are not whole: none may ever be seen, whenever it is looked. */
export function halves(root: string): string[] {
  return [...filesBelow(root)].flatMap(([path, bytes]) => (isWhole(bytes) ? [] : [path]))
}

/** What is left where files are kept while they arrive. */
export function leftInIncoming(root: string): string[] {
  const directory = join(root, '.holt/incoming')
  return existsSync(directory) ? readdirSync(directory) : []
}

/** The contents that a folder keeps as versions. */
export function keptContents(root: string): Set<string> {
  const directory = join(root, '.holt/versions')
  const names = existsSync(directory) ? readdirSync(directory).filter((name) => !name.startsWith('log')) : []
  return new Set(names.map((name) => readFileSync(join(directory, name), 'latin1')))
}

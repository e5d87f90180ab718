/** From the start of a process until its API answers. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import type { Block } from '../block.ts'
import { HoltSide } from '../contenders/holt-side.ts'
import { SyncthingSide } from '../contenders/syncthing-side.ts'
import { rssMib } from '../processes.ts'
import type { Row } from '../row.ts'
import { median, valueOf } from '../row.ts'
import { pause, until } from '../waiting.ts'

const SAMPLES = 5
const QUICK_SAMPLES = 2
const LOOK_MS = 5
const SETTLE_MS = 1000
/** Given as words, so that no TypeScript has to be read for it. */
const ANSWERER = `require('node:http').createServer((_, answer) => answer.end('{}')).listen(process.argv[1])`

const row: Row = {
  id: 'start-up',
  title: 'start-up',
  unit: 's',
  sentence: 'From the start of a process that has run before until its API answers; the median of five.',
}
const bareRow: Row = {
  id: 'limit-start-up',
  title: 'limit: start-up',
  unit: 's',
  sentence: 'From the start of a Node process that only listens on a socket until it answers; the median of five.',
}
const bareRssRow: Row = {
  id: 'limit-idle-rss',
  title: 'limit: idle, memory',
  unit: 'MiB',
  sentence: 'Resident memory of that process.',
}

/** A program that can be started again and again. */
interface Startable {
  start(): Promise<void>
  stop(): Promise<void>
}

export const startUpBlock: Block = {
  ...{ name: 'start-up', set: undefined, rows: [row], programs: ['Holt', 'Syncthing'] },
  run: async ({ program, directory, isQuick }) => {
    const side: Startable = program === 'Holt' ? new HoltSide(directory) : await SyncthingSide.create(directory)
    if (program === 'Holt') await side.start()
    await side.stop()
    return valueOf(row, await startedOften(side, isQuick ? QUICK_SAMPLES : SAMPLES))
  },
}

export const bareStartUpBlock: Block = {
  ...{ name: 'limit-start-up', set: undefined, rows: [bareRow, bareRssRow], programs: ['bare Node'] },
  run: async ({ directory }) => {
    const socketPath = join(directory, 'api.sock')
    const side = startableAnswerer(socketPath)
    const seconds = await startedOften(side, SAMPLES)
    await side.start()
    await pause(SETTLE_MS)
    const mib = side.rssMib()
    await side.stop()
    return [...valueOf(bareRow, seconds), ...valueOf(bareRssRow, mib)]
  },
}

async function startedOften(side: Startable, samples: number): Promise<number | undefined> {
  const seconds: number[] = []
  for (let i = 0; i < samples; i += 1) {
    const beganMs = performance.now()
    await side.start()
    seconds.push((performance.now() - beganMs) / 1000)
    await side.stop()
  }
  return median(seconds)
}

function startableAnswerer(socketPath: string): Startable & { rssMib(): number } {
  let child: ReturnType<typeof spawn> | undefined
  return {
    start: async () => {
      rmSync(socketPath, { force: true })
      child = spawn(process.execPath, ['-e', ANSWERER, socketPath], { stdio: 'ignore' })
      await until(() => answers(socketPath), { what: 'it answers', everyMs: LOOK_MS })
    },
    stop: async () => {
      child?.kill()
      if (child?.exitCode === null) await once(child, 'exit')
    },
    rssMib: () => rssMib(child?.pid ?? 0),
  }
}

async function answers(socketPath: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  request({ socketPath, path: '/', agent: false }, (answer) => {
    answer.resume().on('end', () => resolve(true))
  })
    .on('error', () => resolve(false))
    .end()
  return await promise
}

/** Two bare Node processes that move a data set: what the machine gives a program that does nothing else. */

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Block } from '../block.ts'
import type { SyncedSet } from '../rows/first-sync.ts'
import type { Row } from '../row.ts'
import { valueOf } from '../row.ts'
import { checkSame } from '../same.ts'
import { settleDisk } from '../session.ts'
import { makeSet } from '../sets/make-set.ts'
import type { Channel } from './channel.ts'

export function limitBlock(set: SyncedSet, channel: Channel): Block {
  const row: Row = {
    id: `limit-${set}-${channel}`,
    title: `limit: \`${set}\` over ${channel.toUpperCase()}`,
    unit: 's',
    sentence: `Two bare Node processes move \`${set}\` over ${channel === 'tcp' ? 'plain TCP' : 'TLS'} with the durability of Holt: nothing is hashed, compared or remembered.`,
  }
  return {
    ...{ name: row.id, set, rows: [row], programs: ['bare Node'], isLong: channel === 'tcp' },
    run: async (o) => {
      const [here, there] = [join(o.directory, 'here'), join(o.directory, 'there')]
      const data = makeSet(set, o)
      data.write(here)
      mkdirSync(there)
      settleDisk()
      const seconds = await move(here, there, channel)
      checkSame(here, there, data.files, 'bare Node')
      return valueOf(row, seconds)
    },
  }
}

async function move(here: string, there: string, channel: Channel): Promise<number> {
  const receiver = run('receiver.ts', there, channel)
  const said = linesOf(receiver)
  const sender = run('sender.ts', here, channel, (await said.next()).value ?? '')
  await linesOf(sender).next()
  const beganMs = performance.now()
  sender.stdin?.write('\n')
  const { value } = await said.next()
  const seconds = (performance.now() - beganMs) / 1000
  if (value !== 'done') throw new Error('the bare receiver has failed')
  for (const child of [sender, receiver]) if (child.exitCode === null) await once(child, 'exit')
  return seconds
}

function run(file: string, ...words: string[]): ChildProcess {
  const path = fileURLToPath(new URL(file, import.meta.url))
  return spawn(process.execPath, [path, ...words], { stdio: ['pipe', 'pipe', 'inherit'] })
}

function linesOf(child: ChildProcess): AsyncIterator<string, undefined> {
  if (child.stdout === null) throw new Error('its output is a pipe')
  return createInterface(child.stdout)[Symbol.asyncIterator]()
}

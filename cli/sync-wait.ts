/** Waiting until a folder is in sync, with a bar on a terminal and plain lines elsewhere. */

import { setTimeout as delay } from 'node:timers/promises'
import type { ExitStatus } from '../protocol/api/constants.ts'
import { EXIT } from '../protocol/api/constants.ts'
import type { Folder } from '../protocol/api/folders.ts'
import { CliError } from './cli-error.ts'
import { countOf, formatAmount, formatBytes } from './amounts.ts'
import type { CommandContext } from './command.ts'
import { progressPhrase, renderHalt } from './folder-view.ts'
import type { Output } from './output.ts'
import { shellWord } from '../protocol/shell-word.ts'
import type { Text } from './text.ts'
import { joined, plainOf, styled, t } from './text.ts'
import type { World } from './world.ts'

const POLL_MS = 200
/** Between two plain lines. */
const LINE_MS = 2000

/** Ends with `needsAttention` when the folder halts, and with `refused` when it is paused. */
export async function waitForSync(context: CommandContext, folder: Pick<Folder, 'id' | 'name'>): Promise<ExitStatus> {
  const { client, out, signal } = context
  await using meter = await createMeter(context)
  while (true) {
    const now = await client.call('getFolder', { params: { folder: folder.id } }, { signal })
    const end = endOf(now)
    if (end === undefined) {
      meter.show(now)
      await delay(POLL_MS, undefined, { signal })
      continue
    }
    meter.stop()
    out.line(end.text)
    if (now.state.kind === 'halted') for (const line of renderHalt(now.state.halt)) out.line(line)
    return end.status
  }
}

function endOf(folder: Folder): { status: ExitStatus; text: Text } | undefined {
  const { name, state } = folder
  const bold = styled('bold', name)
  switch (state.kind) {
    case 'in-sync':
      return { status: EXIT.ok, text: inSyncLine(folder) }
    case 'halted':
      return { status: EXIT.needsAttention, text: t`${bold} has halted.` }
    case 'paused':
      return { status: EXIT.refused, text: t`${bold} is paused.` }
    case 'offered':
      throw new CliError(EXIT.failed, `${name} was removed meanwhile.`)
    case 'starting':
    case 'scanning':
    case 'recovering':
    case 'syncing':
    case 'waiting':
      return undefined
    default:
      return state satisfies never
  }
}

function inSyncLine({ name, held, problems, conflicts }: Folder): Text {
  const word = shellWord(name)
  return joined(
    [
      t`${styled('bold', name)} is in sync: ${formatAmount(held)}.`,
      ...(problems > 0 ? [t`${countOf(problems, 'path is', 'paths are')} not: holt ls ${word} --state problem`] : []),
      ...(conflicts > 0 ? [t`${countOf(conflicts, 'conflict')}: holt conflicts ${word}`] : []),
    ],
    ' ',
  )
}

interface Meter extends AsyncDisposable {
  show(folder: Folder): void
  stop(): void
}

async function createMeter({ out, world }: CommandContext): Promise<Meter> {
  const meter = out.isWatched ? await createBar(world) : createLines(out)
  return {
    ...meter,
    [Symbol.asyncDispose]: async () => {
      meter.stop()
    },
  }
}

function createLines(out: Output): Omit<Meter, keyof AsyncDisposable> {
  let saidMs = -Infinity
  let said = ''
  return {
    show: (folder) => {
      const text = lineOf(folder)
      const nowMs = performance.now()
      if (plainOf(text) === said || nowMs - saidMs < LINE_MS) return
      ;[saidMs, said] = [nowMs, plainOf(text)]
      out.note(text)
    },
    stop: () => undefined,
  }
}

async function createBar({ stderr }: World): Promise<Omit<Meter, keyof AsyncDisposable>> {
  const { SingleBar } = (await import('cli-progress')).default
  const format = '{name} [{bar}] {percentage} %  {bytes}  {pace}'
  const bar = new SingleBar({ stream: stderr, format, clearOnComplete: true, hideCursor: true, barsize: 28 })
  let isOn = false
  return {
    show: (folder) => {
      const { down, name, state } = folder
      const [done, total] = down === null ? [0, 1] : [down.bytesDone, Math.max(1, down.bytesTotal)]
      const pace = down === null ? plainOf(lineOf(folder)) : plainOf(joined(progressPhrase(down).slice(1), ', '))
      const bytes = down === null ? '' : `${formatBytes(done)} of ${formatBytes(total)}`
      const fields = {
        name: plainOf(t`${name}`),
        bytes,
        pace: state.kind === 'waiting' ? plainOf(t`${state.reason}`) : pace,
      }
      if (isOn) bar.setTotal(total)
      else bar.start(total, done, fields)
      isOn = true
      bar.update(done, fields)
    },
    stop: () => {
      if (isOn) bar.stop()
      isOn = false
    },
  }
}

function lineOf({ name, state, down }: Folder): Text {
  switch (state.kind) {
    case 'syncing':
      return joined([t`${name}: ${formatAmount(state.missing)} missing`, ...progressPhrase(down)], ', ')
    case 'waiting':
      return t`${name}: ${formatAmount(state.missing)} missing: ${state.reason}`
    case 'scanning':
      return t`${name}: looking through it`
    default:
      return t`${name}: ${state.kind}`
  }
}

/** `holt verify` */

import { setTimeout as delay } from 'node:timers/promises'
import type { ExitStatus } from '../../protocol/api/constants.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import type { Verification, VerifiedFolder } from '../../protocol/api/verify.ts'
import { countOf, formatAmount, formatBytes } from '../amounts.ts'
import type { CommandContext } from '../command.ts'
import { shellWord } from '../../protocol/shell-word.ts'
import type { Text } from '../text.ts'
import { styled, t } from '../text.ts'

const POLL_MS = 200
/** Between two lines that say how far it is. */
const LINE_MS = 2000

export async function runVerify(context: CommandContext): Promise<ExitStatus> {
  const { args, out, client, signal } = context
  const folder = args.operand('FOLDER')
  const query = folder === undefined ? {} : { folder }
  let now = await client.call('startVerify', { body: { ...query, repair: args.has('repair') } }, { signal })
  let saidMs = performance.now()
  while (now.folders.some(({ state }) => state !== 'done')) {
    await delay(POLL_MS, undefined, { signal })
    now = await client.call('getVerification', { query }, { signal })
    if (args.has('json') || performance.now() - saidMs < LINE_MS) continue
    saidMs = performance.now()
    out.note(progressOf(now))
  }
  if (args.has('json')) out.json(now)
  else if (now.folders.length === 0) out.note(t`There is no folder on this device that can be read.`)
  else for (const line of now.folders.flatMap(renderFolder)) out.line(line)
  return now.folders.some(isBad) ? EXIT.needsAttention : EXIT.ok
}

function isBad({ damaged, damagedVersions }: VerifiedFolder): boolean {
  return damaged > 0 || damagedVersions > 0
}

function progressOf({ folders }: Verification): Text {
  const active = folders.find(({ state }) => state !== 'done')
  if (active === undefined) return t`Done.`
  if (active.state === 'repairing') return t`${active.name}: fetching ${countOf(active.damaged, 'file')} again`
  return t`${active.name}: ${formatBytes(active.bytes)} of ${formatBytes(active.bytesTotal)} read`
}

function renderFolder(folder: VerifiedFolder): Text[] {
  const { name, damaged, repaired, waiting, damagedVersions } = folder
  const word = shellWord(name)
  const head = t`${styled('bold', name)}: ${formatAmount(folder)} read`
  const found = damaged + repaired
  const lines = [found === 0 ? t`${head}, all as it should be.` : t`${head}, ${countOf(found, 'file')} damaged.`]
  if (repaired > 0) lines.push(t`  ${countOf(repaired, 'file')} fetched again; what was there is in .holt/versions.`)
  if (waiting > 0) lines.push(t`  ${countOf(waiting, 'file')} will be fetched when a device that holds it is online.`)
  if (damaged - waiting > 0) lines.push(t`  → holt verify ${word} --repair`)
  if (damaged > 0) lines.push(t`  → holt ls ${word} --state damaged`)
  if (damagedVersions > 0)
    lines.push(
      t`  ${countOf(damagedVersions, 'earlier content is', 'earlier contents are')} damaged in .holt/versions.`,
    )
  return lines
}

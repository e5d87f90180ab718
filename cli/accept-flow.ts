/** Taking a folder into a directory: what it would do is said first, and asked where something is there already. */

import { EXIT, OFFER_WAIT_MS_MAX } from '../protocol/api/constants.ts'
import type { Folder, Preview } from '../protocol/api/folders.ts'
import { formatBytes, formatCount } from './amounts.ts'
import { CliError } from './cli-error.ts'
import type { CommandContext } from './command.ts'
import { givenMode } from './folder-mode.ts'
import { sayIfSlow } from './patience.ts'
import { canAsk, confirm } from './prompts.ts'
import type { Text } from './text.ts'
import { styled, t } from './text.ts'

export interface Wanted {
  readonly folder: string
  /** Absolute. The daemon proposes one where it is left out. */
  readonly path: string | undefined
}

/** What accepting would do. An offer that is still on its way is waited for. */
export async function preview(context: CommandContext, { folder, path }: Wanted): Promise<Preview> {
  const { client, out, signal } = context
  const body = { waitMs: OFFER_WAIT_MS_MAX, ...(path !== undefined && { path }), ...givenMode(context) }
  const asked = client.call('previewFolder', { params: { folder }, body }, { signal })
  return await sayIfSlow(out, t`Waiting for what the other devices have of ${folder} …`, asked)
}

/**
 * Says what would happen, and asks where there is something to ask. False where a person said no.
 * @throws CliError `refused` where nobody can be asked
 */
export async function isAgreed(context: CommandContext, found: Preview, hasPath: boolean): Promise<boolean> {
  const { args, out, world } = context
  const { name, path, needsConfirm, exists, isEmpty, isComplete } = found
  if (exists && !isEmpty) out.note(countsLine(found))
  if (found.isLopsided) out.note(lopsidedLine(found))
  if (!isComplete) out.note(t`What the other devices have is not known whole yet; the counts may grow.`)
  if (args.has('yes')) return true
  if (canAsk(world)) {
    if (needsConfirm) return await confirm(context, t`Keep ${name} in ${path}, where there are files already?`, false)
    return hasPath || (await confirm(context, t`Keep ${name} in ${path}?`, true))
  }
  if (!needsConfirm) return true
  throw new CliError(EXIT.refused, `${path} is not empty.`, {
    nextStep: 'Look at the counts, then say --yes, or name another directory.',
    problem: 'confirm-needed',
  })
}

/** `same N, only here N, only there N, different N → conflict copies`; what becomes of each is the mode's. */
function countsLine({ path, mode, conflictPolicy, same, onlyHere, deletedThere, onlyThere, different }: Preview): Text {
  const receives = mode === 'receive-only' || mode === 'receive-archive'
  const fetched = onlyThere.bytes === 0 ? '' : ` (${formatBytes(onlyThere.bytes)} to fetch)`
  const here = onlyHere.files > 0 && receives ? ' → stay, and go no further' : ''
  const goes = deletedThere.files > 0 && mode === 'receive-only'
  const gone = goes ? `, but ${formatCount(deletedThere.files)} that the others deleted → the versions` : ''
  const there = mode === 'send-only' ? (onlyThere.files > 0 ? ' → not fetched' : '') : fetched
  const counts = [
    `same ${formatCount(same.files)}`,
    `only here ${formatCount(onlyHere.files)}${here}${gone}`,
    `only there ${formatCount(onlyThere.files)}${there}`,
    `different ${formatCount(different.files)} → ${differentPhrase(mode, conflictPolicy)}`,
  ]
  return t`${path}: ${counts.join(', ')}`
}

/** What becomes of files that both have, with different contents. */
function differentPhrase(mode: Preview['mode'], policy: Preview['conflictPolicy']): string {
  if (mode === 'receive-only' || mode === 'receive-archive') return 'replaced, yours go to the versions'
  if (mode === 'send-only') return 'yours stay here, and are a conflict for the others'
  if (policy === 'keep-both') return 'conflict copies'
  return policy === 'manual' ? 'each keeps its own until you choose' : 'one wins, the other goes to the versions'
}

function lopsidedLine({ name, same, onlyHere, onlyThere, different }: Preview): Text {
  const both = same.files + different.files
  const [here, there] = [both + onlyHere.files, both + onlyThere.files]
  return t`${styled('yellow', '!')} ${formatCount(here)} files here and ${formatCount(there)} there: is this directory really ${name}?`
}

export function tellKept({ out, args }: CommandContext, { name, root, total, held }: Folder): void {
  out.line(t`${styled('bold', name)} is kept in ${root ?? 'no directory'}.`)
  const missing = Math.max(0, total.files - held.files)
  if (missing > 0 && !args.has('wait')) {
    out.note(t`${formatCount(missing)} files are on their way; holt status shows how far it is.`)
  }
}

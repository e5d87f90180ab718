/** Taking a folder into a directory: what it would do is said first, and asked where something is there already. */

import { EXIT, OFFER_WAIT_MS_MAX } from '../protocol/api/constants.ts'
import type { Folder, Preview } from '../protocol/api/folders.ts'
import { formatBytes, formatCount } from './amounts.ts'
import { CliError } from './cli-error.ts'
import type { CommandContext } from './command.ts'
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
export async function preview({ client, out, signal }: CommandContext, { folder, path }: Wanted): Promise<Preview> {
  const body = { waitMs: OFFER_WAIT_MS_MAX, ...(path !== undefined && { path }) }
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

/** `same N, only here N, only there N, different N → conflict copies`. */
function countsLine({ path, same, onlyHere, onlyThere, different }: Preview): Text {
  const [equal, here] = [formatCount(same.files), formatCount(onlyHere.files)]
  const there = onlyThere.bytes === 0 ? '' : ` (${formatBytes(onlyThere.bytes)} to fetch)`
  const counts = t`same ${equal}, only here ${here}, only there ${formatCount(onlyThere.files)}${there}`
  return t`${path}: ${counts}, different ${formatCount(different.files)} → conflict copies`
}

export function tellKept({ out, args }: CommandContext, { name, root, total, held }: Folder): void {
  out.line(t`${styled('bold', name)} is kept in ${root ?? 'no directory'}.`)
  const missing = Math.max(0, total.files - held.files)
  if (missing > 0 && !args.has('wait')) {
    out.note(t`${formatCount(missing)} files are on their way; holt status shows how far it is.`)
  }
}

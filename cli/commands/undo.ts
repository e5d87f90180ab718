/** `holt undo` */

import type { ExitStatus } from '../../protocol/api/constants.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import type { UndoStep } from '../../protocol/api/versions.ts'
import { broughtPhrase, leftLines, stepPhrase, unheardLine } from '../brought-view.ts'
import { usageError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import type { Text } from '../text.ts'
import { styled, t } from '../text.ts'

export async function runUndo(context: CommandContext): Promise<ExitStatus> {
  const { args, client, out, signal } = context
  const folder = args.operand('FOLDER')
  const where = folder === undefined ? {} : { folder }
  const step = args.value('batch')
  if (args.has('list')) {
    if (step !== undefined || args.has('dry-run')) throw usageError('--list takes nothing back: it stands alone.')
    return await list(context, where)
  }
  const body = { ...where, ...(step !== undefined && { step }), dryRun: args.has('dry-run') }
  const undone = await client.call('undo', { body }, { signal })
  if (args.has('json')) out.json(undone)
  else {
    out.line(t`${undone.dryRun ? 'It would take back' : 'Taken back'}: ${stepPhrase(undone.step)}`)
    out.line(t`${broughtPhrase(undone, undone.dryRun)}`)
    for (const line of leftLines(undone)) out.line(line)
    for (const each of undone.unheard) out.note(unheardLine(each))
  }
  return undone.leftCount > 0 ? EXIT.needsAttention : EXIT.ok
}

async function list({ args, client, out, signal }: CommandContext, query: { folder?: string }): Promise<ExitStatus> {
  const found = await client.call('listUndoSteps', { query }, { signal })
  if (args.has('json')) out.json(found)
  else {
    for (const step of found.steps) for (const line of renderStep(step)) out.line(line)
    if (found.steps.length === 0) out.note(t`Nothing was taken away of late.`)
    for (const each of found.unheard) out.note(unheardLine(each))
  }
  return EXIT.ok
}

function renderStep(step: UndoStep): Text[] {
  return [stepPhrase(step), styled('dim', t`    → holt undo --batch ${step.id}`)]
}

/** `holt scan` */

import type { ExitStatus } from '../../protocol/api/constants.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import type { Scan } from '../../protocol/api/folders.ts'
import { countOf, formatDuration } from '../amounts.ts'
import { isProblem } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import type { Text } from '../text.ts'
import { styled, t } from '../text.ts'

/** One folder after the other. Where none was named, those that are paused or have halted are told of, and left out. */
export async function runScan(context: CommandContext): Promise<ExitStatus> {
  const { args, client, out, signal } = context
  const asked = args.operand('FOLDER')
  if (asked !== undefined) {
    tell(context, await client.call('scanFolder', { params: { folder: asked } }, { signal }))
    return EXIT.ok
  }
  const { folders } = await client.call('listFolders', {}, { signal })
  const held = folders.filter(({ root }) => root !== null)
  if (held.length === 0) out.note(t`There is no folder on this device.`)
  let status: ExitStatus = EXIT.ok
  for (const { id } of held) {
    try {
      tell(context, await client.call('scanFolder', { params: { folder: id } }, { signal }))
    } catch (error) {
      if (!isProblem(error, 'folder-paused', 'folder-halted')) throw error
      out.note(t`${error.message}`)
      if (isProblem(error, 'folder-halted')) status = EXIT.needsAttention
    }
  }
  return status
}

function tell({ args, out }: CommandContext, scan: Scan): void {
  if (args.has('json')) out.json(scan)
  else out.line(sentenceOf(scan))
}

function sentenceOf({ name, files, changed, problems, tookMs }: Scan): Text {
  const found = problems === 0 ? t`` : t`, ${countOf(problems, 'path')} cannot be synced: holt ls --state problem`
  const seen = t`${countOf(files, 'file')} looked at in ${formatDuration(tookMs)}`
  return t`${styled('bold', name)}: ${seen}, ${changed === 0 ? 'nothing' : String(changed)} changed${found}`
}

/** `holt conflicts` */

import type { ExitStatus } from '../../protocol/api/constants.ts'
import { EXIT, PAGE_MAX } from '../../protocol/api/constants.ts'
import type { Conflict, ConflictVersion } from '../../protocol/api/entries.ts'
import { formatBytes, formatTime } from '../amounts.ts'
import type { CommandContext } from '../command.ts'
import type { Text } from '../text.ts'
import { styled, t } from '../text.ts'

export async function runConflicts(context: CommandContext): Promise<ExitStatus> {
  const { args, out } = context
  const conflicts = await listAll(context, args.operand('FOLDER'))
  if (args.has('json')) out.json({ conflicts, next: null })
  else if (conflicts.length === 0) out.note(t`There are no conflicts.`)
  else for (const line of conflicts.flatMap(renderConflict)) out.line(line)
  return conflicts.length === 0 ? EXIT.ok : EXIT.needsAttention
}

async function listAll({ client, signal }: CommandContext, folder: string | undefined): Promise<Conflict[]> {
  const conflicts: Conflict[] = []
  let after: string | null = null
  do {
    const query = { limit: PAGE_MAX, ...(folder !== undefined && { folder }), ...(after !== null && { after }) }
    const page: Awaited<ReturnType<typeof ask>> = await ask(query)
    conflicts.push(...page.conflicts)
    after = page.next
  } while (after !== null)
  return conflicts

  function ask(query: { limit: number; folder?: string; after?: string }) {
    return client.call('listConflicts', { query }, { signal })
  }
}

function renderConflict({ folderName, kind, path, original, versions }: Conflict): Text[] {
  const about = kind === 'undecided' ? 'every device keeps its own' : besidePhrase(original)
  return [
    t`${styled('yellow', '!')} ${styled('bold', folderName)}: ${path}`,
    styled('dim', t`    ${about}`),
    ...versions.map((version) => t`    ${versionPhrase(version)}`),
  ]
}

function besidePhrase(original: string | null): string {
  return original === null ? 'the file that had its name is gone' : `beside ${original}`
}

function versionPhrase({ side, path, sizeBytes, changedMs, modByName }: ConflictVersion): string {
  const by = modByName === null ? '' : ` on ${modByName}`
  const where = path === null ? 'not on this device' : path
  return `${side.padEnd(6)}  changed ${formatTime(changedMs)}${by}, ${formatBytes(sizeBytes)}: ${where}`
}

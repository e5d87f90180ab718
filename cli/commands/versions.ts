/** `holt versions` */

import { resolve } from 'node:path'
import { PAGE_MAX } from '../../protocol/api/constants.ts'
import type { Version, VersionPage } from '../../protocol/api/versions.ts'
import { countOf, formatBytes, formatTime } from '../amounts.ts'
import { unheardLine } from '../brought-view.ts'
import type { CommandContext } from '../command.ts'
import type { Text } from '../text.ts'
import { styled, t } from '../text.ts'

/** Of a size, `999 kB`. */
const SIZE_WIDTH = 7

export async function runVersions(context: CommandContext): Promise<undefined> {
  const { args, out } = context
  const page = await listAll(context)
  if (args.has('json')) {
    out.json(page)
    return
  }
  for (const version of page.versions) for (const line of renderVersion(version)) out.line(line)
  if (page.versions.length === 0)
    out.note(
      args.has('recursive')
        ? t`Nothing is kept of it.`
        : t`Nothing is kept of it. Of what lay below a directory: --recursive`,
    )
  for (const each of page.unheard) out.note(unheardLine(each))
  const { damagedLines } = page
  if (damagedLines > 0)
    out.note(
      t`${styled('yellow', '!')} ${countOf(damagedLines, 'line')} of the log in .holt/versions cannot be read; no kept file is lost by that.`,
    )
}

async function listAll({ args, client, signal, world }: CommandContext): Promise<VersionPage> {
  const path = resolve(world.workingDirectory, args.required('PATH'))
  const recursive = args.has('recursive') ? 'true' : 'false'
  const versions: Version[] = []
  let after: string | null = null
  for (;;) {
    const query = { path, recursive, limit: PAGE_MAX, ...(after !== null && { after }) } as const
    const page: VersionPage = await client.call('listVersions', { query }, { signal })
    versions.push(...page.versions)
    after = page.next
    if (after === null) return { ...page, versions }
  }
}

function renderVersion({ path, kind, keptMs, sizeBytes, reason, step, deviceName }: Version): Text[] {
  const size = kind === 'directory' ? 'dir' : formatBytes(sizeBytes)
  const undo = step === null ? t`` : t`; step ${step}`
  return [
    t`${formatTime(keptMs)}  ${size.padStart(SIZE_WIDTH)}  ${styled('bold', path)}`,
    styled('dim', t`    ${reason} Kept on ${deviceName}${undo}`),
  ]
}

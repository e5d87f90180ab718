/** `holt support-bundle` */

import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { EXIT } from '../../protocol/api/constants.ts'
import { countOf, formatTime } from '../amounts.ts'
import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { sayIfSlow } from '../patience.ts'
import type { TarFile } from '../tar.ts'
import { packTar } from '../tar.ts'
import { t } from '../text.ts'

export async function runSupportBundle(context: CommandContext): Promise<undefined> {
  const { args, out, world } = context
  const nowMs = world.nowMs()
  const top = `holt-support-${formatTime(nowMs).replaceAll(/\D/g, '')}`
  const files = await sayIfSlow(out, t`Collecting …`, collect(context, top, nowMs))
  const archive = gzipSync(packTar(files))
  const target = args.operand('FILE') ?? `${top}.tar.gz`
  if (target === '-') {
    out.raw(archive)
    return
  }
  const path = resolve(world.workingDirectory, target)
  await write(path, archive)
  out.line(t`${path}`)
  out.note(
    t`${countOf(files.length, 'file')} without secrets, file names and contents. Look inside before you send it.`,
  )
}

async function collect({ client, signal }: CommandContext, top: string, mtimeMs: number): Promise<TarFile[]> {
  const files: TarFile[] = []
  for await (const { name, text } of client.stream('getSupportBundle', {}, { signal })) {
    // Whatever a part is called, it stays in its directory.
    const safe = name.replaceAll(/[^\w.-]/g, '_').slice(0, 60)
    files.push({ name: `${top}/${safe}`, bytes: Buffer.from(text), mtimeMs })
  }
  return files
}

/** Never over something that is there. */
async function write(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes, { flag: 'wx', mode: 0o600 })
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause
    const nextStep = 'Name another file: holt support-bundle FILE'
    throw new CliError(EXIT.failed, `${path} cannot be written: ${cause.message}.`, { nextStep, cause })
  }
}

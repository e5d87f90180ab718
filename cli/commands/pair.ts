/** `holt pair`: shows a code, or joins the device that shows one. Either side names the other at the end. */

import { EXIT } from '../../protocol/api/constants.ts'
import type { Pairing } from '../../protocol/api/pairing.ts'
import { formatDuration } from '../amounts.ts'
import { CliError, usageError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { followToEnd } from '../pairing-run.ts'
import { canAsk } from '../prompts.ts'
import { styled, t } from '../text.ts'
import { askCode, checkCode, waitForCode } from '../typed-code.ts'
import { readLines } from '../typed-lines.ts'

export async function runPair(context: CommandContext): Promise<undefined> {
  const { args } = context
  const given = args.operand('CODE')
  const isJoining = given !== undefined || args.has('join') || args.value('address') !== undefined
  if (isJoining && args.has('qr')) throw usageError('--qr is for a code that is shown here, not for one that is typed.')
  if (!isJoining) await showCode(context)
  else await join(context, given === undefined ? await askCode(context) : await checkGiven(context, given))
}

async function checkGiven({ out }: CommandContext, given: string): Promise<string> {
  const code = await checkCode(given)
  out.note(
    styled(
      'yellow',
      'Other users of this machine can see a code that is given as an argument. `holt pair --join` asks.',
    ),
  )
  return code
}

async function join(context: CommandContext, code: string): Promise<void> {
  const { args, client, out, signal } = context
  const address = args.value('address')
  const body = { code, ...roleOf(context), ...(address !== undefined && { address }) }
  const run = await client.call('joinPairing', { body }, { signal })
  out.note(t`Looking for the device that shows the code ${address === undefined ? '' : `at ${address} `}…`)
  await followToEnd(context, run, signal)
}

/** The code is on stdout before anything else happens. A code of the other device may be typed meanwhile. */
async function showCode(context: CommandContext): Promise<void> {
  const { args, client, out, signal, world } = context
  const run = await client.call('startPairing', { query: roleOf(context) }, { signal })
  if (run.code === null) throw new CliError(EXIT.failed, 'The daemon began a pairing without a code.')
  out.line(styled('bold', run.code))
  if (args.has('qr')) out.raw(`${await drawQr(run.code)}\n`)
  const left = formatDuration(run.expiresMs - world.nowMs())
  out.note(t`On the other device, run ${styled('bold', 'holt pair')} and type this code. It is good for ${left}.`)
  if (!canAsk(world)) {
    await followToEnd(context, run, signal)
    return
  }
  out.note(t`Or type the code that the other device shows:`)
  using lines = readLines(world.stdin, signal)
  const code = await followOrType(context, run, waitForCode(lines, run.code, out))
  if (code !== undefined) await join(context, code)
}

/** Gives the code that was typed; undefined when the other device has come. */
async function followOrType(context: CommandContext, run: Pairing, typing: Promise<string | undefined>) {
  const typed = new AbortController()
  const signal = AbortSignal.any([context.signal, typed.signal])
  const following = followToEnd(context, run, signal).catch((error: unknown) => {
    if (!typed.signal.aborted) throw error
  })
  const code = await Promise.race([following.then(() => undefined), typing])
  if (code !== undefined) typed.abort(new Error('another code was typed'))
  await following
  return code
}

/** What the other device becomes, where this group is the one that stays. */
function roleOf({ args }: CommandContext): { readonly guestRole?: 'member' } {
  return args.has('member') ? { guestRole: 'member' } : {}
}

async function drawQr(code: string): Promise<string> {
  const { renderUnicodeCompact } = await import('uqr')
  return renderUnicodeCompact(code)
}

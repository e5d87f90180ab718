/** One run of a pairing, followed to its end and told on the way. */

import { EXIT } from '../protocol/api/constants.ts'
import type { Inviter, PairedWith, Pairing } from '../protocol/api/pairing.ts'
import type { ProblemKind } from '../protocol/api/problem-codes.ts'
import { PROBLEMS } from '../protocol/api/problem-codes.ts'
import { countOf } from './amounts.ts'
import { CliError } from './cli-error.ts'
import type { CommandContext } from './command.ts'
import { shortAddresses } from './places.ts'
import { canAsk, choose } from './prompts.ts'
import { shellWord } from '../protocol/shell-word.ts'
import { styled, t } from './text.ts'

/** How long burning a code may take when a person is waiting to be let go. */
const CANCEL_MS = 3000

/** Prints whom this device is paired with. @throws CliError for every other end; a run that is broken off is cancelled */
export async function followToEnd(context: CommandContext, run: Pairing, signal: AbortSignal): Promise<void> {
  const end = { isReached: false }
  try {
    const paired = await follow(context, run, signal, () => (end.isReached = true))
    tellPaired(context, paired)
  } finally {
    if (!end.isReached) await cancelRun(context, run)
    if (context.signal.aborted)
      context.out.note(run.role === 'inviter' ? t`Cancelled. The code is burnt.` : t`Cancelled.`)
  }
}

/** Burns the code. What has ended meanwhile, or lost its daemon, needs no burning. */
async function cancelRun({ client }: CommandContext, { id }: Pairing): Promise<void> {
  try {
    await client.call('cancelPairing', { params: { pairing: id } }, { signal: AbortSignal.timeout(CANCEL_MS) })
  } catch (error) {
    if (!(error instanceof CliError)) throw error
  }
}

async function follow(context: CommandContext, run: Pairing, signal: AbortSignal, onEnd: () => void) {
  const { client } = context
  using narrator = createNarrator(context, run)
  const params = { pairing: run.id }
  for await (const now of client.stream('followPairing', { params }, { signal })) {
    const { state } = now
    narrator.tell(now)
    switch (state.kind) {
      case 'paired':
        onEnd()
        return state.with
      case 'choosing':
        await chooseInviter(context, run, state.inviters)
        break
      case 'expired':
      case 'cancelled':
      case 'failed':
        onEnd()
        throw toError(state)
      case 'waiting':
      case 'searching':
      case 'talking':
        break
      default:
        state satisfies never
    }
  }
  throw new CliError(EXIT.failed, 'The daemon stopped telling how the pairing stands.', {
    nextStep: 'See: holt devices',
  })
}

type Unhappy = Extract<Pairing['state'], { kind: 'expired' | 'cancelled' | 'failed' }>

function toError(state: Unhappy): CliError {
  if (state.kind === 'expired') {
    return new CliError(EXIT.failed, 'The code has expired.', { nextStep: 'For another one, run: holt pair' })
  }
  if (state.kind === 'cancelled') {
    return new CliError(EXIT.failed, 'The pairing was cancelled.', { nextStep: 'To begin another, run: holt pair' })
  }
  const { code, detail, nextStep } = state.problem
  const kind: ProblemKind = PROBLEMS[code]
  return new CliError(kind.exit, detail, { nextStep, problem: code })
}

interface Narrator extends Disposable {
  tell(now: Pairing): void
}

/** Says each thing once, on stderr. */
function createNarrator({ out, world }: CommandContext, run: Pairing): Narrator {
  let last: Pairing = run
  let isHinted = false
  const hint = (sentence: string): void => {
    if (!isHinted) out.note(styled('yellow', sentence))
    isHinted = true
  }
  const timer = setTimeout(() => {
    if (last.state.kind === 'waiting' || last.state.kind === 'searching') hint(lonelySentence(last))
  }, world.hintAfterMs)
  return {
    tell: (now) => {
      if (now.hint !== null) hint(now.hint)
      if ((now.attemptsLeft ?? 0) < (last.attemptsLeft ?? 0)) {
        out.note(t`A wrong code was typed; ${countOf(now.attemptsLeft ?? 0, 'attempt')} left.`)
      }
      if (now.state.kind === 'talking' && last.state.kind !== 'talking') out.note(t`Found the other device; checking …`)
      last = now
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer)
    },
  }
}

function lonelySentence({ role }: Pairing): string {
  return role === 'inviter'
    ? "No device has come yet. Both need to be on the same network. Where devices cannot find each other, run on the other one: holt pair --address HOST (an address that this one's holt status shows)."
    : "No device that shows this code is found yet. Both need to be on the same network. Where devices cannot find each other: holt pair --address HOST (an address that the other one's holt status shows)."
}

/** @throws CliError `refused` where nobody can be asked */
async function chooseInviter(context: CommandContext, run: Pairing, inviters: readonly Inviter[]): Promise<void> {
  const { client, signal, world } = context
  const choices = inviters.map(({ device, addresses }) => ({
    value: device,
    label: t`${shortAddresses(addresses).join(', ')} (${device.slice(-7)})`,
  }))
  if (!canAsk(world)) {
    const places = inviters.map(({ addresses }) => shortAddresses(addresses)[0] ?? 'an unknown address').join(' and ')
    throw new CliError(EXIT.refused, `Several devices show a code with the number ${run.nameplate}: ${places}.`, {
      nextStep: 'Name the one that is meant: holt pair --address HOST',
    })
  }
  const device = await choose(context, t`Several devices show a code with this number. Which one is meant?`, choices)
  await client.call('chooseInviter', { params: { pairing: run.id }, body: { device } }, { signal })
}

function tellPaired({ out, args }: CommandContext, { name, platform, devices, offered, guest }: PairedWith): void {
  const kind = platform === null ? '' : ` (${platform})`
  out.line(t`Paired with ${styled('bold', name)}${kind}. The group has ${countOf(devices, 'device')} now.`)
  if (guest.role === 'member')
    out.line(t`${guest.isSelf ? 'This device' : name} is a member there: it removes no other device.`)
  else if (args.has('member'))
    out.note(t`--member had no effect: this device has joined the group of ${name}, where ${name} says who is what.`)
  if (offered.length === 0) {
    out.note(t`To share a folder with it, run: holt add DIRECTORY`)
    return
  }
  out.note(t`${countOf(offered.length, 'folder is', 'folders are')} offered. To keep one here, run:`)
  for (const folder of offered) out.note(t`  ${styled('bold', `holt accept ${shellWord(folder)}`)}`)
}

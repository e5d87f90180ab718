/** `holt doctor` */

import type { ExitStatus } from '../../protocol/api/constants.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import type { Check } from '../../protocol/api/daemon.ts'
import { countOf } from '../amounts.ts'
import type { CommandContext } from '../command.ts'
import { sayIfSlow } from '../patience.ts'
import type { Text } from '../text.ts'
import { styled, t } from '../text.ts'

export async function runDoctor({ args, client, out, signal }: CommandContext): Promise<ExitStatus> {
  const device = args.operand('DEVICE')
  const asked = client.call('runDoctor', { query: device === undefined ? {} : { device } }, { signal })
  const doctor = await sayIfSlow(out, t`Checking; this takes a few seconds …`, asked)
  if (args.has('json')) out.json(doctor)
  else for (const line of renderChecks(doctor.checks)) out.line(line)
  return doctor.checks.some(({ outcome }) => outcome === 'failed') ? EXIT.failed : EXIT.ok
}

function renderChecks(checks: readonly Check[]): Text[] {
  const count = (outcome: Check['outcome']): number => checks.filter((check) => check.outcome === outcome).length
  const [failed, warnings] = [count('failed'), count('warning')]
  const sum =
    failed + warnings === 0
      ? styled('green', 'Everything is fine.')
      : t`${countOf(failed, 'check')} failed, ${countOf(warnings, 'warning')}.`
  return [...checks.flatMap(renderCheck), t``, sum]
}

function renderCheck({ title, outcome, detail, fix }: Check): Text[] {
  return [t`${symbolOf(outcome)} ${styled('bold', title)}: ${detail}`, ...(fix === null ? [] : [t`    → ${fix}`])]
}

function symbolOf(outcome: Check['outcome']): Text {
  switch (outcome) {
    case 'ok':
      return styled('green', '✓')
    case 'warning':
      return styled('yellow', '!')
    case 'failed':
      return styled('red', '✗')
    case 'skipped':
      return styled('dim', '–')
    default:
      return outcome satisfies never
  }
}

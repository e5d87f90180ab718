/** `holt limit` */

import type { ChangeLimits } from '../../protocol/api/limits.ts'
import { RateLimitError, parseRateLimit } from '../../protocol/rate-limit.ts'
import { usageError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { renderLimits } from '../limit-view.ts'

export async function runLimit({ args, client, out, signal }: CommandContext): Promise<undefined> {
  const device = args.operand('DEVICE')
  const change = { ...rulesOf(args, 'send'), ...rulesOf(args, 'receive') }
  const isChange = Object.keys(change).length > 0
  if (device !== undefined && !isChange)
    throw usageError(
      'Nothing is said of the device.',
      'Say --send or --receive, or leave the name out to see all limits.',
    )
  const limits = isChange
    ? await client.call('changeLimits', { body: { ...(device !== undefined && { device }), ...change } }, { signal })
    : await client.call('getLimits', {}, { signal })
  if (args.has('json')) out.json(limits)
  else for (const line of renderLimits(limits)) out.line(line)
}

/** Rules are separated by `;`, or given one by one. */
function rulesOf(
  args: CommandContext['args'],
  direction: 'send' | 'receive',
): Pick<ChangeLimits, 'send' | 'receive'> | undefined {
  const rules = args.values(direction).flatMap((value) => value.split(';').map((rule) => rule.trim()))
  if (rules.length === 0) return undefined
  if (rules.length === 1 && rules[0] === 'default') return { [direction]: null }
  try {
    parseRateLimit(rules)
  } catch (error) {
    if (!(error instanceof RateLimitError)) throw error
    throw usageError(error.message)
  }
  return { [direction]: rules }
}

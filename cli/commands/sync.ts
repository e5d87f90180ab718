/** `holt sync` */

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { ExitStatus } from '../../protocol/api/constants.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import type { PairEvent, PairRequest, PairResult } from '../../protocol/api/pairs.ts'
import { PROBLEMS, isProblemCode } from '../../protocol/api/problem-codes.ts'
import {
  COMPARISONS,
  CONFLICT_POLICIES,
  INITIAL_PREFERENCES,
  PAIR_MODES,
  parsePairMode,
  parseWord,
} from '../../protocol/pair-options.ts'
import { CliError, usageError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { findDaemon, startDaemon, stopDaemon } from '../daemon-process.ts'
import { createPairMeter } from '../pair-meter.ts'
import type { PairMeter } from '../pair-meter.ts'
import { renderChange, renderHalted, renderOutcome, renderPlan } from '../pair-view.ts'
import { canAsk, confirm } from '../prompts.ts'
import { t } from '../text.ts'

/** A request's body has to stay below what the API takes. */
const IGNORE_FILE_BYTES_MAX = 32 * 1024

export async function runSync(context: CommandContext): Promise<ExitStatus> {
  const request = await toRequest(context)
  const isOurs = (await findDaemon(context)) === undefined
  if (isOurs) await startDaemon(context)
  try {
    const result = await runOnce(context, request)
    if (result.state !== 'halted' || request.dryRun === true || !(await isAgreed(context))) return statusOf(result)
    return statusOf(await runOnce(context, { ...request, confirm: true }))
  } finally {
    // Also after Ctrl-C: what was started for the run goes with it.
    if (isOurs) await stopDaemon({ ...context, signal: new AbortController().signal })
  }
}

async function toRequest({ args, world }: CommandContext): Promise<PairRequest> {
  const path = (operand: string): string => resolve(world.workingDirectory, args.required(operand))
  if (args.has('force-upload') && args.has('force-download'))
    throw usageError('--force-upload and --force-download exclude each other.')
  if (args.has('dry-run') && args.has('watch')) throw usageError('--dry-run and --watch exclude each other.')
  return {
    ...{ source: path('SOURCE'), destination: path('DESTINATION') },
    mode: wordOf(args.value('mode'), 'mode', PAIR_MODES, parsePairMode) ?? 'two-way',
    compare: wordOf(args.value('compare'), 'compare', COMPARISONS) ?? 'hash',
    onConflict: wordOf(args.value('on-conflict'), 'on-conflict', CONFLICT_POLICIES) ?? 'keep-both',
    initial: wordOf(args.value('initial'), 'initial', INITIAL_PREFERENCES) ?? 'merge',
    force: args.has('force-upload') ? 'upload' : args.has('force-download') ? 'download' : null,
    include: [...args.values('include')],
    exclude: [...args.values('exclude')],
    ignore: await ignoreText(args.value('ignore-file'), world.workingDirectory),
    ...{ dryRun: args.has('dry-run'), watch: args.has('watch'), confirm: args.has('yes') },
  }
}

function wordOf<const T extends string>(
  given: string | undefined,
  flag: string,
  words: readonly T[],
  parse: (text: string) => T | undefined = (text) => parseWord(words, text),
): T | undefined {
  if (given === undefined) return undefined
  const found = parse(given)
  if (found === undefined) throw usageError(`--${flag} takes one of ${words.join(', ')}, not "${given}".`)
  return found
}

async function ignoreText(file: string | undefined, workingDirectory: string): Promise<string> {
  if (file === undefined) return ''
  const text = await readFile(resolve(workingDirectory, file), 'utf8').catch((cause: unknown) => {
    throw new CliError(EXIT.notFound, `The ignore file ${file} cannot be read.`, { cause })
  })
  if (text.length > IGNORE_FILE_BYTES_MAX)
    throw usageError(`The ignore file ${file} is longer than ${IGNORE_FILE_BYTES_MAX} characters.`)
  return text
}

/** The last result; a watch ends only by Ctrl-C. @throws CliError when the run has none */
async function runOnce(context: CommandContext, request: PairRequest): Promise<PairResult> {
  const { client, signal } = context
  await using meter = await createPairMeter(context)
  let last: PairResult | undefined
  for await (const event of client.stream('syncPair', { body: request }, { signal })) {
    tell(context, request, event, meter)
    if (event.kind === 'sync.failed') {
      const { code, sentence, nextStep } = event
      if (!isProblemCode(code)) throw new CliError(EXIT.failed, sentence, { nextStep })
      throw new CliError(PROBLEMS[code].exit, sentence, { nextStep, problem: code })
    }
    if (event.kind === 'sync.done') last = event.result
  }
  signal.throwIfAborted()
  if (last === undefined) throw new CliError(EXIT.failed, 'The run ended without a result.')
  return last
}

function tell({ args, out }: CommandContext, request: PairRequest, event: PairEvent, meter: PairMeter): void {
  if (args.has('json')) {
    out.json(event)
    return
  }
  meter.take(event)
  if (event.kind === 'path.changed') meter.aside(() => out.line(renderChange(event)))
  if (event.kind !== 'sync.done') return
  const { result } = event
  const isQuiet = request.watch === true && result.state === 'done' && result.changes === 0 && result.errors === 0
  if (isQuiet) return
  meter.aside(() => {
    const lines = result.state === 'planned' ? renderPlan(result) : renderOutcome(result)
    for (const line of lines) out.line(line)
    if (result.state === 'halted') for (const line of renderHalted(result)) out.note(line)
  })
}

/** Only where somebody can be asked. */
async function isAgreed(context: CommandContext): Promise<boolean> {
  const { args, out, world } = context
  if (args.has('json') || args.has('yes') || !canAsk(world)) {
    if (!args.has('json')) out.note(t`Nothing was changed. To go on in spite of it, run the command again with --yes.`)
    return false
  }
  return await confirm(context, t`Go on?`, false)
}

function statusOf({ state, halt, errors, conflictList }: PairResult): ExitStatus {
  if (state === 'halted' || (state === 'planned' && halt !== null)) return EXIT.needsAttention
  if (conflictList.some(({ isOpen }) => isOpen)) return EXIT.needsAttention
  return errors > 0 ? EXIT.failed : EXIT.ok
}

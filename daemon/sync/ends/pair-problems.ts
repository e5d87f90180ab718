/** What kept a path of a pair from being synced, as a code and a sentence. */

import type { PairProblem } from '../../../protocol/api/pairs.ts'
import type { BlockCode, PairPlan, PairStep } from '../../core/pair-plan.ts'
import type { TreeOutcome } from '../../ports.ts'
import { errorCode } from '../error-code.ts'
import { blockSentence, faultSentence } from '../problem-sentences.ts'
import type { OffPath } from './scan-ends.ts'

const UNSTABLE = 'It changed while it was synced: it is looked at again in the next run.'

const BLOCK_SENTENCES: Readonly<Record<BlockCode, string>> = {
  'name-clash':
    'Another name there differs only in upper and lower case, and the disk takes them for one: rename one of them.',
  'no-symlinks': 'The disk there holds no symbolic links.',
}

export function offProblem({ side, path, code }: OffPath): PairProblem {
  return { side, path, reason: { code, sentence: code === 'unstable' ? UNSTABLE : blockSentence(code) } }
}

export function blockProblem({ side, path, code }: PairPlan['blocked'][number]): PairProblem {
  return { side, path, reason: { code, sentence: BLOCK_SENTENCES[code] } }
}

/** It changed each time that it was looked at. */
export function unstableProblem(path: string): PairProblem {
  return { side: null, path, reason: { code: 'unstable', sentence: UNSTABLE } }
}

/** Why a step was not done. */
export function problemOf({ side, path }: PairStep, outcome: TreeOutcome): PairProblem {
  if (outcome.kind === 'failed') {
    const sentence = faultSentence(outcome.reason, outcome.message)
    return { side, path, reason: { code: outcome.reason, sentence } }
  }
  return { side, path, reason: { code: 'in-the-way', sentence: faultSentence('in-the-way', '') } }
}

export function fetchProblem({ side, path }: PairStep, cause: unknown): PairProblem {
  const code = errorCode(cause) ?? 'io'
  const message = cause instanceof Error ? cause.message : String(cause)
  if (code === 'no-space') return { side, path, reason: { code, sentence: faultSentence('no-space', message) } }
  return { side, path, reason: { code, sentence: `Its bytes could not be transferred: ${message}.` } }
}

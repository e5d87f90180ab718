/** A run of a pair: what is asked for, what happens, what came of it. */

import { z } from 'zod'
import { COMPARISONS, CONFLICT_POLICIES, FORCES, INITIAL_PREFERENCES, PAIR_MODES } from '../pair-options.ts'
import { zSyncResult } from './events.ts'
import { zAbsolutePath, zCount } from './fields.ts'
import { zProgress } from './folders.ts'

/** Patterns of one run. */
const PATTERNS_MAX = 256
const zPattern = z.string().min(1).max(4096)

export const zPairRequest = z.object({
  source: zAbsolutePath,
  destination: zAbsolutePath,
  mode: z.enum(PAIR_MODES).default('two-way'),
  compare: z.enum(COMPARISONS).default('hash'),
  onConflict: z.enum(CONFLICT_POLICIES).default('keep-both'),
  initial: z.enum(INITIAL_PREFERENCES).default('merge'),
  force: z.enum(FORCES).nullable().default(null),
  /** Patterns as in `.holtignore`: where there are any, only what fits one of them is synced. */
  include: z.array(zPattern).max(PATTERNS_MAX).default([]),
  /** Patterns as in `.holtignore`, which go before those of the ignore files. */
  exclude: z.array(zPattern).max(PATTERNS_MAX).default([]),
  /** The text of one more ignore file, read before those of the two sides. */
  ignore: z
    .string()
    .max(32 * 1024)
    .default(''),
  /** Looks and plans; nothing at all is changed. */
  dryRun: z.boolean().default(false),
  /** A person has seen the counts, and agrees. */
  confirm: z.boolean().default(false),
  /** Goes on with each change of either side until it is cancelled. */
  watch: z.boolean().default(false),
})
export type PairRequest = z.input<typeof zPairRequest>
/** With all defaults filled in. */
export type PairOrder = z.output<typeof zPairRequest>

const zSide = z.enum(['source', 'destination'])
const zReason = z.object({ code: z.string(), sentence: z.string() })
const zDirection = z.enum(['up', 'down'])

export const zPairAction = z.enum(['create', 'update', 'delete', 'rename', 'touch', 'make-directory', 'conflict-copy'])
export type PairAction = z.infer<typeof zPairAction>

/** A change of one side, planned or done. */
export const zPairChange = z.object({
  side: zSide,
  path: z.string(),
  action: zPairAction,
  /** The old path of a rename, and of a conflict copy that was one. */
  from: z.string().nullable(),
  /** That come from the other side. */
  bytes: zCount,
  reason: zReason,
})
export type PairChange = z.infer<typeof zPairChange>

export const zPairProblem = z.object({ side: zSide.nullable(), path: z.string(), reason: zReason })
export type PairProblem = z.infer<typeof zPairProblem>

export const zPairConflict = z.object({
  path: z.string(),
  reason: zReason,
  /** Where what lost it is kept; null where it stays, or went to the versions. */
  copy: z.string().nullable(),
  /** It waits for a person. */
  isOpen: z.boolean(),
})
export type PairConflict = z.infer<typeof zPairConflict>

const zSideCounts = z.object({
  files: zCount,
  arriving: zCount,
  overwritten: zCount,
  deleted: zCount,
  renamed: zCount,
  bytes: zCount,
})
export const zPairPreview = z
  .object({
    /** Why a person is asked. */
    reason: z.enum(['first-run', 'mass-delete', 'end-changed', 'mount-vanished']),
    sentence: z.string(),
    /** What each side has, and what would become of it. */
    source: zSideCounts,
    destination: zSideCounts,
  })
  .meta({ id: 'PairPreview' })
export type PairPreview = z.infer<typeof zPairPreview>

export const zPairResult = zSyncResult
  .extend({
    /** `halted`: nothing was done, a person has to agree first; `planned`: a dry run. */
    state: z.enum(['done', 'halted', 'planned']),
    isFirstRun: z.boolean(),
    halt: zPairPreview.nullable(),
    /** Of a dry run and of a halt: what would be done. At most so many as `changesMax` says in docs/SEMANTICS.md. */
    plan: z.array(zPairChange),
    /** How many changes there are in all. */
    changes: zCount,
    conflictList: z.array(zPairConflict),
    problems: z.array(zPairProblem),
    tookMs: zCount,
  })
  .meta({ id: 'PairResult' })
export type PairResult = z.infer<typeof zPairResult>

const event = <K extends string, S extends z.ZodRawShape>(kind: K, shape: S) =>
  z.object({ kind: z.literal(kind), ...shape })
const scanCounts = { files: zCount, bytes: zCount, rate: z.number().min(0), etaMs: zCount.nullable() }
const transfer = { direction: zDirection, total: zProgress }
const file = { ...transfer, path: z.string(), bytesDone: zCount, bytesTotal: zCount }

/** What happens in a run, as it happens. */
export const zPairEvent = z.discriminatedUnion('kind', [
  event('scan.start', {}),
  /** Files that were listed; of their bytes, those that had to be read. */
  event('scan.progress', scanCounts),
  event('scan.done', { ...scanCounts, changed: zCount, problems: zCount, tookMs: zCount }),
  event('sync.start', { up: zProgress, down: zProgress, changes: zCount }),
  event('transfer.batch-start', transfer),
  event('transfer.file-start', file),
  event('transfer.file-progress', { ...file, rate: z.number().min(0), etaMs: zCount.nullable() }),
  event('transfer.file-done', file),
  event('transfer.file-error', { ...file, reason: z.string(), isRetried: z.boolean() }),
  event('transfer.batch-done', { ...transfer, failed: zCount }),
  event('path.changed', zPairChange.shape),
  event('path.problem', zPairProblem.shape),
  event('sync.done', { result: zPairResult }),
  /** The run has ended without a result. The last word. */
  event('sync.failed', { code: z.string(), sentence: z.string(), nextStep: z.string() }),
])
export type PairEvent = z.infer<typeof zPairEvent>

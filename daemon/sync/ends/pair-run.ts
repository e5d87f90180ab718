/** One run of a pair: look at both ends, decide, ask where a person has to agree, carry it out, and say what came of it. */

import type { PairChange, PairConflict, PairPreview, PairProblem, PairResult } from '../../../protocol/api/pairs.ts'
import type { SyncResult } from '../../../protocol/api/events.ts'
import type { Crypto } from '../../../protocol/crypto.ts'
import type { Comparison, ConflictPolicy, Force, InitialPreference, PairMode } from '../../../protocol/pair-options.ts'
import { needsHash } from '../../core/pair-compare.ts'
import { decidePair } from '../../core/pair-decide.ts'
import { reasonSentence } from '../../core/pair-decision.ts'
import type { MetConflict, PairDecisions, PairPolicy } from '../../core/pair-decision.ts'
import { countPair, guardPair } from '../../core/pair-guard.ts'
import { planPair } from '../../core/pair-plan.ts'
import type { PairPlan } from '../../core/pair-plan.ts'
import type { PairBase } from '../../pair-port.ts'
import type { AbortOptions, Clock } from '../../ports.ts'
import { toPairChange } from './end-changes.ts'
import { PairError } from './pair-error.ts'
import { blockProblem, offProblem, unstableProblem } from './pair-problems.ts'
import type { Tell } from './run-progress.ts'
import { ScanProgress, TransferProgress } from './run-progress.ts'
import type { RunUnits } from './run-units.ts'
import { runUnits } from './run-units.ts'
import type { Ends, ScannedEnds } from './scan-ends.ts'
import { SIDES, scanEnds } from './scan-ends.ts'
import type { Patterns } from './selection.ts'
import { Selection } from './selection.ts'

/** How often a run looks again at what changed meanwhile. */
const PASSES_MAX = 3
/** Changes that a plan lists; more are only counted. */
export const PLAN_CHANGES_MAX = 10_000

export interface PairRunOptions extends AbortOptions {
  readonly mode: PairMode
  readonly compare: Comparison
  readonly onConflict: ConflictPolicy
  readonly initial: InitialPreference
  readonly force: Force | null
  readonly patterns: Patterns
  readonly isDryRun: boolean
  /** Whether to go on in spite of what is shown. */
  readonly confirm: (preview: PairPreview) => boolean | Promise<boolean>
  readonly tell: Tell
}

export interface PairParts {
  readonly ends: Ends
  readonly base: PairBase
  readonly clock: Clock
  readonly crypto: Pick<Crypto, 'blake3'>
  /** An end is not the directory that the base knows. */
  readonly isEndChanged: boolean
}

/** @throws PairError, and the signal's reason: what was done by then is remembered. */
export async function runPair(parts: PairParts, o: PairRunOptions): Promise<PairResult> {
  const startMs = parts.clock.monotonicMs()
  checkHashes(parts.ends, o.compare)
  const run = new PairRun(parts, o)
  const state = await run.go()
  const result = { ...run.result(state), tookMs: parts.clock.monotonicMs() - startMs }
  o.tell({ kind: 'sync.done', result })
  return result
}

/** Better an error than a guess. */
function checkHashes(ends: Ends, compare: Comparison): void {
  const without = SIDES.find((side) => needsHash(compare) && !ends[side].traits.hashes)
  if (without === undefined) return
  throw new PairError(
    'no-hashes',
    `The ${without} cannot tell the hashes of its files, so ${compare} cannot compare them.`,
  )
}

interface Pass {
  readonly scanned: ScannedEnds
  readonly decisions: PairDecisions
  readonly plan: PairPlan
}

class PairRun {
  readonly #parts: PairParts
  readonly #o: PairRunOptions
  readonly #isFirstRun: boolean
  readonly #counts = newCounts()
  #conflicts: readonly MetConflict[] = []
  #problems: readonly PairProblem[] = []
  #halt: PairPreview | null = null
  #plan: PairPlan = { units: [], blocked: [] }
  #kept = 0
  #isAgreed = false

  constructor(parts: PairParts, o: PairRunOptions) {
    this.#parts = parts
    this.#o = o
    this.#isFirstRun = !parts.base.isKnown || parts.isEndChanged
  }

  async go(): Promise<PairResult['state']> {
    const { base, isEndChanged } = this.#parts
    for (let passNo = 1; ; passNo += 1) {
      const pass = await this.#look(passNo)
      if (passNo === 1) this.#plan = pass.plan
      this.#halt = this.#guard(pass)
      if (this.#o.isDryRun) return 'planned'
      if (this.#halt !== null && !(await this.#isAllowed(this.#halt))) return 'halted'
      this.#halt = null
      if (isEndChanged && passNo === 1) base.forget()
      base.remember({ drop: pass.scanned.withdrawn })
      const ran = await this.#carryOut(pass)
      const isQuiet = ran.changed.length === 0
      if (!isQuiet && passNo < PASSES_MAX) continue
      const unstable = [...new Set(ran.changed)].map(unstableProblem)
      this.#problems = [...this.#problems, ...ran.problems, ...unstable]
      base.setKnown()
      if (this.#plan.units.length > 0) for (const side of SIDES) await this.#parts.ends[side].collect()
      return 'done'
    }
  }

  async #look(passNo: number): Promise<Pass> {
    const { ends, base, clock, crypto, isEndChanged } = this.#parts
    const { compare, patterns, signal, tell } = this.#o
    const progress = new ScanProgress(tell, clock)
    const scanned = await scanEnds(ends, base, {
      ...{ compare, signal, selection: new Selection(patterns) },
      onSeen: (files, bytes) => progress.seen(files, bytes),
    })
    const views = isEndChanged && passNo === 1 ? { ...scanned.views, base: new Map() } : scanned.views
    const decisions = decidePair(views, this.#policy(passNo), crypto)
    const plan = planPair(views, decisions, { source: ends.source.traits, destination: ends.destination.traits })
    this.#problems = [...scanned.off.map(offProblem), ...plan.blocked.map(blockProblem)]
    for (const problem of this.#problems) tell({ kind: 'path.problem', ...problem })
    progress.done(plan.units.filter(({ steps }) => steps.length > 0).length, this.#problems.length)
    this.#conflicts =
      passNo === 1 ? decisions.conflicts : [...this.#conflicts, ...laterConflicts(decisions, this.#conflicts)]
    this.#kept = decisions.kept.length
    return { scanned: { ...scanned, views }, decisions, plan }
  }

  /** What is forced is forced once. */
  #policy(passNo: number): PairPolicy {
    const { mode, compare, onConflict, initial, force } = this.#o
    return { mode, compare, onConflict, initial, force: passNo === 1 ? force : null, isFirstRun: this.#isFirstRun }
  }

  #guard({ scanned, plan }: Pass): PairPreview | null {
    const counts = countPair(scanned.views, plan.units)
    const { isEndChanged } = this.#parts
    const halt = guardPair(counts, scanned.views, { isFirstRun: this.#isFirstRun, isEndChanged })
    return halt === undefined ? null : { ...halt, ...counts }
  }

  /** Asked once a run. */
  async #isAllowed(halt: PairPreview): Promise<boolean> {
    this.#isAgreed ||= await this.#o.confirm(halt)
    return this.#isAgreed
  }

  async #carryOut({ scanned, plan }: Pass): Promise<RunUnits> {
    const { ends, base, clock } = this.#parts
    const { tell, signal } = this.#o
    const progress = new TransferProgress(tell, clock, plan.units)
    const changes = plan.units.reduce((sum, { steps }) => sum + steps.length, 0)
    tell({ kind: 'sync.start', up: progress.total('up'), down: progress.total('down'), changes })
    const ran = await runUnits({ ends, base, views: scanned.views, progress, tell, signal }, plan.units)
    addUp(this.#counts, ran)
    return ran
  }

  result(state: PairResult['state']): Omit<PairResult, 'tookMs'> {
    const isPlan = state !== 'done'
    const planned: PairChange[] = []
    let changes = 0
    for (const unit of this.#plan.units) {
      for (const step of unit.steps) {
        changes += 1
        if (isPlan && planned.length < PLAN_CHANGES_MAX) planned.push(toPairChange(step, unit))
      }
    }
    return {
      ...this.#counts,
      skips: this.#kept + this.#counts.skips,
      conflicts: this.#conflicts.length,
      errors: this.#problems.length,
      ...{ state, isFirstRun: this.#isFirstRun, halt: this.#halt, plan: planned, changes },
      conflictList: this.#conflicts.map(toConflict),
      problems: [...this.#problems],
    }
  }
}

function laterConflicts(decisions: PairDecisions, known: readonly MetConflict[]): MetConflict[] {
  return decisions.conflicts.filter(({ path }) => !known.some((each) => each.path === path))
}

function toConflict({ path, reason, copy }: MetConflict): PairConflict {
  const isOpen = reason === 'conflict-manual'
  return { path, copy, isOpen, reason: { code: reason, sentence: reasonSentence(reason) } }
}

type Counts = { -readonly [K in keyof SyncResult]: SyncResult[K] }

function newCounts(): Counts {
  return {
    ...{ uploads: 0, downloads: 0, deletesSource: 0, deletesDestination: 0, renamesSource: 0, renamesDestination: 0 },
    ...{ skips: 0, conflicts: 0, errors: 0, bytesSent: 0, bytesReceived: 0 },
  }
}

function addUp(counts: Counts, { done, stayed, bytes }: RunUnits): void {
  for (const { step } of done) {
    const isSource = step.side === 'source'
    if (step.kind === 'put' || step.kind === 'symlink') counts[isSource ? 'downloads' : 'uploads'] += 1
    if (step.kind === 'remove') counts[isSource ? 'deletesSource' : 'deletesDestination'] += 1
    if (step.kind === 'rename' && !step.isAside) counts[isSource ? 'renamesSource' : 'renamesDestination'] += 1
  }
  counts.skips += stayed
  counts.bytesSent += bytes.destination
  counts.bytesReceived += bytes.source
}

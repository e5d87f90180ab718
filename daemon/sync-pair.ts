/** The library: keeps two directories the same, without a daemon. */

import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { homePathFor } from '../protocol/api/home-path.ts'
import type { PairEvent, PairPreview, PairResult } from '../protocol/api/pairs.ts'
import {
  COMPARISONS,
  CONFLICT_POLICIES,
  FORCES,
  INITIAL_PREFERENCES,
  parsePairMode,
  parseWord,
} from '../protocol/pair-options.ts'
import type { Comparison, ConflictPolicy, Force, InitialPreference, PairMode } from '../protocol/pair-options.ts'
import { runDirectoryPair } from './daemon-pair.ts'
import { createThreads } from './daemon-threads.ts'
import { createNativeCrypto } from './native-crypto.ts'
import { PairError } from './sync/ends/pair-error.ts'
import { createSystemClock } from './system-clock.ts'

/** Threads that list and hash. */
const DISK_THREADS = 2

/** What a run did, or would do. */
export type SyncResult = PairResult
/** What happens in a run. */
export type SyncEvent = PairEvent
/** What a person should see before a run goes on. */
export type SyncPreview = PairPreview

type CamelCase<T extends string> = T extends `${infer A}-${infer B}` ? `${A}${Capitalize<CamelCase<B>>}` : T
type EitherCase<T extends string> = T | CamelCase<T>
/** A mode by its name, in camelCase, or by its alias. */
export type SyncMode = EitherCase<PairMode> | 'tw' | 'std' | 'sb' | 'dts' | 'db'

export interface SyncPairOptions {
  /** A directory. */
  readonly source: string
  /** A directory. Neither may lie in the other. */
  readonly destination: string
  /** `two-way` where nothing is said. */
  readonly mode?: SyncMode
  /** `hash` where nothing is said. */
  readonly compare?: Comparison
  /** `keep-both` where nothing is said. Only in mode `two-way`. */
  readonly onConflict?: EitherCase<ConflictPolicy>
  /** `merge` where nothing is said. */
  readonly initial?: EitherCase<InitialPreference>
  /** Transfers also what is the same already. */
  readonly force?: Force
  /** Patterns as in `.holtignore`: where there are any, only what fits one of them is synced. */
  readonly include?: readonly string[]
  /** Patterns as in `.holtignore`. */
  readonly exclude?: readonly string[]
  /** The path of one more ignore file. */
  readonly ignoreFile?: string
  /** Looks and plans, and changes nothing at all. */
  readonly dryRun?: boolean
  /** Whether to go on where a person should agree: before a first run that takes something away, and before a mass deletion. */
  readonly confirm?: boolean | ((preview: SyncPreview) => boolean | Promise<boolean>)
  /** Where what is remembered of pairs is kept; as for the daemon where nothing is said. */
  readonly home?: string
  /** Ends the run; what was done by then is remembered, and the next run goes on from there. */
  readonly signal?: AbortSignal
  readonly onProgress?: (event: SyncEvent) => void
}

/**
 * Brings two directories to a common state, once. Resolves with `state: 'halted'` where a person has to agree first.
 *
 * @throws PairError with a code; and the signal's reason
 */
export async function syncPair(o: SyncPairOptions): Promise<SyncResult> {
  await using threads = createThreads(DISK_THREADS)
  const { confirm = false, force } = o
  const home = o.home ?? homePathFor({ environment: process.env, platform: process.platform, homeDirectory: homedir() })
  const clock = createSystemClock()
  const random = { bytes: (length: number) => randomBytes(length) }
  return await runDirectoryPair(
    { home: resolve(home), threads, clock, random, crypto: createNativeCrypto() },
    {
      source: resolve(o.source),
      destination: resolve(o.destination),
      mode: word('mode', o.mode ?? 'two-way', parsePairMode),
      compare: word('compare', o.compare ?? 'hash', (text) => parseWord(COMPARISONS, text)),
      onConflict: word('onConflict', o.onConflict ?? 'keep-both', (text) => parseWord(CONFLICT_POLICIES, text)),
      initial: word('initial', o.initial ?? 'merge', (text) => parseWord(INITIAL_PREFERENCES, text)),
      force: force === undefined ? null : word('force', force, (text) => parseWord(FORCES, text)),
      patterns: { include: o.include ?? [], exclude: o.exclude ?? [], ignore: await ignoreText(o.ignoreFile) },
      isDryRun: o.dryRun ?? false,
      confirm: typeof confirm === 'function' ? confirm : () => confirm,
      signal: o.signal ?? new AbortController().signal,
      tell: (event) => o.onProgress?.(event),
    },
  )
}

function word<T>(option: string, text: string, parse: (text: string) => T | undefined): T {
  const found = parse(text)
  if (found === undefined) throw new PairError('bad-request', `"${text}" is no ${option}.`)
  return found
}

async function ignoreText(path: string | undefined): Promise<string> {
  if (path === undefined) return ''
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new PairError('path-not-found', `The ignore file ${path} cannot be read.`, { cause })
  }
}

/** Brings the bytes of a batch to the ends that shall have them, several files at once. */

import type { PairProblem } from '../../../protocol/api/pairs.ts'
import type { ChunkList } from '../../../protocol/chunks.ts'
import type { BlobHash } from '../../../protocol/ids.ts'
import { CHUNK_BYTES } from '../../../protocol/limits.ts'
import type { PairStep, PairUnit } from '../../core/pair-plan.ts'
import { otherSide } from '../../core/pair-decision.ts'
import type { End, Side } from '../../pair-port.ts'
import type { AbortOptions } from '../../ports.ts'
import { errorCode } from '../error-code.ts'
import { fetchProblem } from './pair-problems.ts'
import type { FileProgress } from './run-progress.ts'
import type { UnitRun } from './run-units.ts'

/** Units whose bytes are fetched at once: what a disk syncs well together. */
const AT_ONCE = 8

type PutStep = Extract<PairStep, { kind: 'put' }>

interface FetchedBase {
  readonly unit: PairUnit
  /** That came to each side from the other. */
  readonly bytes: Readonly<Record<Side, number>>
}
export type Fetched = FetchedBase &
  (
    | {
        readonly kind: 'here'
        readonly hashes: ReadonlyMap<PairStep, BlobHash>
        readonly files: ReadonlyMap<PairStep, FileProgress>
      }
    /** The origin is not what it was. */
    | { readonly kind: 'changed' }
    | { readonly kind: 'failed'; readonly problem: PairProblem }
  )

/** One result a unit, in order. @throws what nobody can act on, once nothing is under way any more */
export async function fetchAll(run: UnitRun, units: readonly PairUnit[]): Promise<readonly Fetched[]> {
  const fetched: Fetched[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    for (let at = next++; at < units.length; at = next++) {
      const unit = units[at]
      if (unit !== undefined) fetched[at] = await fetchUnit(run, unit)
    }
  }
  const lanes = Array.from({ length: Math.min(AT_ONCE, units.length) }, lane)
  for (const settled of await Promise.allSettled(lanes)) if (settled.status === 'rejected') throw settled.reason
  return fetched
}

async function fetchUnit(run: UnitRun, unit: PairUnit): Promise<Fetched> {
  const hashes = new Map<PairStep, BlobHash>()
  const files = new Map<PairStep, FileProgress>()
  const bytes = { source: 0, destination: 0 }
  for (const step of unit.steps) {
    if (step.kind !== 'put') continue
    run.signal.throwIfAborted()
    const isAcross = step.from.side === otherSide(step.side)
    const file = run.progress.file(step.side, step.path, isAcross ? step.item.sizeBytes : 0)
    files.set(step, file)
    try {
      const hash = await fetchFile(run, step, (count) => {
        file.add(count)
        if (isAcross) bytes[step.side] += count
      })
      hashes.set(step, hash)
    } catch (cause) {
      run.signal.throwIfAborted()
      const problem = fetchProblem(step, cause)
      const isChanged = errorCode(cause) === 'changed'
      for (const each of files.values()) each.failed(problem.reason.sentence, isChanged)
      if (isChanged) return { kind: 'changed', unit, bytes }
      return { kind: 'failed', unit, bytes, problem }
    }
  }
  return { kind: 'here', unit, hashes, files, bytes }
}

async function fetchFile(run: UnitRun, step: PutStep, onBytes: (count: number) => void): Promise<BlobHash> {
  const { from, side } = step
  const origin = run.ends[from.side]
  const { hash, chunks } = await contentOf(run, origin, step)
  const expect = from.item.look
  await run.ends[side].fetch(
    { hash, sizeBytes: from.item.sizeBytes, chunks: chunks?.digest ?? null },
    {
      chunks,
      read: (range, o) => origin.read(from.path, { ...o, expect, ...(range !== undefined && { range }) }),
    },
    { signal: run.signal, onBytes },
  )
  return hash
}

/** What arrives is verified, so its hash is needed, and that of its chunks where it may be resumed. */
async function contentOf(
  { base, signal }: UnitRun,
  origin: End,
  { from }: PutStep,
): Promise<{ hash: BlobHash; chunks: ChunkList | null }> {
  const { hash, sizeBytes, look } = from.item
  if (hash !== null) {
    if (sizeBytes <= CHUNK_BYTES) return { hash, chunks: null }
    const known = base.chunkList(hash)
    if (known !== undefined) return { hash, chunks: known }
  }
  const hashed = await hashOne(origin, { path: from.path, fingerprint: look }, { signal })
  if (hashed.chunks !== null) base.remember({ lists: [{ hash: hashed.hash, list: hashed.chunks }] })
  return hashed
}

async function hashOne(
  origin: End,
  request: Parameters<End['hash']>[0] extends Iterable<infer R> ? R : never,
  o: AbortOptions,
): Promise<{ hash: BlobHash; chunks: ChunkList | null }> {
  for await (const result of origin.hash([request], o)) {
    if (result.kind === 'hashed') return { hash: result.hash, chunks: result.chunks }
    if (result.kind === 'unreadable') throw new Error(`${request.path} cannot be read: ${result.reason}`)
  }
  throw new OriginChanged(`${request.path} is not what it was`)
}

class OriginChanged extends Error {
  override readonly name = 'OriginChanged'
  readonly code = 'changed'
}

/** Two directories of this machine as the ends of a pair: opened, run, closed. Knows the rooms that this takes. */

import { stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { PairResult } from '../protocol/api/pairs.ts'
import type { Crypto } from '../protocol/crypto.ts'
import { folderIdOf } from '../protocol/ids.ts'
import type { FolderId } from '../protocol/ids.ts'
import { openBlobStore } from './blobs/store.ts'
import type { EndIdentities, OpenPairBase } from './catalogue/pair-base.ts'
import { openPairBase } from './catalogue/pair-base.ts'
import { incomingDirectory } from './disk/context.ts'
import { createRoot } from './disk/create-root.ts'
import type { Threads } from './threads-port.ts'
import { openFileTree } from './disk/file-tree.ts'
import { inspectPath } from './disk/local-files.ts'
import { openLookTree } from './disk/look-tree.ts'
import type { End, Side } from './pair-port.ts'
import type { Clock, Random } from './ports.ts'
import { createDirectoryEnd, createLookEnd } from './sync/ends/directory-end.ts'
import { PairError } from './sync/ends/pair-error.ts'
import type { PairErrorCode } from './sync/ends/pair-error.ts'
import type { PairParts, PairRunOptions } from './sync/ends/pair-run.ts'
import { runPair } from './sync/ends/pair-run.ts'
import { checkModeSettings } from './sync/ends/pair-settings.ts'
import { SIDES } from './sync/ends/scan-ends.ts'
import { watchPair } from './sync/ends/watch-pair.ts'
import { errorCode } from './sync/error-code.ts'

const PAIRS_DIRECTORY = 'pairs'
const MARKER_BYTES = 16
/** Characters of the name of a pair's file. */
const NAME_CHARACTERS = 32
/** What another process may still be writing among what arrives, in milliseconds. */
const SPARED_MS = 60 * 60_000

export interface PairMachine {
  /** Where what is remembered of pairs is kept, in `pairs`. */
  readonly home: string
  readonly threads: Threads
  readonly crypto: Crypto
  readonly clock: Clock
  readonly random: Random
}

export interface DirectoryPair extends PairRunOptions {
  /** Absolute. */
  readonly source: string
  readonly destination: string
}

/** @throws PairError, and the signal's reason: what was done by then is remembered, and the next run goes on from there. */
export async function runDirectoryPair(machine: PairMachine, o: DirectoryPair): Promise<PairResult> {
  checkModeSettings(o)
  return await coded(async () => {
    await using pair = await openPair(machine, o)
    const result = await runPair(pair.parts, o)
    if (result.state === 'done') pair.base.setIdentities(pair.identities)
    return result
  })
}

/** Until the signal aborts, with whose reason it rejects. @throws PairError */
export async function watchDirectoryPair(machine: PairMachine, o: DirectoryPair): Promise<never> {
  checkModeSettings(o)
  return await coded(async () => {
    await using pair = await openPair(machine, { ...o, isDryRun: false })
    const onResult = ({ state }: PairResult): void => {
      if (state === 'done') pair.base.setIdentities(pair.identities)
    }
    return await watchPair(pair.parts, { ...o, isDryRun: false, onResult })
  })
}

/** Both for one machine. */
export function pairRunner(machine: PairMachine): {
  run(o: DirectoryPair): Promise<PairResult>
  watch(o: DirectoryPair): Promise<never>
} {
  return { run: (o) => runDirectoryPair(machine, o), watch: (o) => watchDirectoryPair(machine, o) }
}

// ---- Opening.

interface OpenPair extends AsyncDisposable {
  readonly parts: PairParts
  readonly base: OpenPairBase
  readonly identities: EndIdentities
}

interface Place {
  /** With all symbolic links resolved. */
  readonly path: string
  readonly marker: FolderId | null
}
type Places = Readonly<Record<Side, Place>>

async function openPair(machine: PairMachine, o: DirectoryPair): Promise<OpenPair> {
  const places = {
    source: await findPlace('source', o.source),
    destination: await findPlace('destination', o.destination),
  }
  await checkApart(machine, places)
  await using stack = new AsyncDisposableStack()
  const base = stack.use(
    openPairBase({ file: baseFile(machine, places), crypto: machine.crypto, isReadOnly: o.isDryRun }),
  )
  const known = base.identities()
  const isEndChanged = known !== undefined && SIDES.some((side) => known[side].marker !== places[side].marker)
  const open = (side: Side): Promise<OpenEnd> =>
    o.isDryRun
      ? Promise.resolve(openLook(machine, places[side]))
      : openEnd(machine, places[side], side, base, isEndChanged)
  const source = await open('source')
  stack.use(source.end)
  const destination = await open('destination')
  stack.use(destination.end)
  const identities = {
    source: identityOf(places.source, source),
    destination: identityOf(places.destination, destination),
  }
  if (known === undefined) base.setIdentities(identities)
  const moved = stack.move()
  return {
    parts: {
      ends: { source: source.end, destination: destination.end },
      ...{ base, clock: machine.clock, crypto: machine.crypto, isEndChanged },
    },
    base,
    identities,
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  }
}

async function findPlace(side: Side, path: string): Promise<Place> {
  const facts = await inspectPath(path)
  if (!facts.exists) throw new PairError('path-not-found', `The ${side} ${path} does not exist.`)
  if (!facts.isDirectory) throw new PairError('not-a-directory', `The ${side} ${path} is not a directory.`)
  if (!facts.isWritable) throw new PairError('root-read-only', `The ${side} ${path} cannot be written to.`)
  return { path: facts.realPath, marker: facts.marker }
}

/** One directory cannot be both sides, and neither side may hold Holt's own data. */
async function checkApart({ home }: PairMachine, { source, destination }: Places): Promise<void> {
  const [one, other] = await Promise.all([identify(source.path), identify(destination.path)])
  if (one === other)
    throw new PairError('ends-overlap', `The source and the destination are one directory: ${source.path}.`)
  if (isInside(source.path, destination.path))
    throw new PairError('ends-overlap', `The source ${source.path} lies inside the destination ${destination.path}.`)
  if (isInside(destination.path, source.path))
    throw new PairError('ends-overlap', `The destination ${destination.path} lies inside the source ${source.path}.`)
  const { realPath } = await inspectPath(home)
  for (const { path } of [source, destination]) {
    if (path === realPath || isInside(path, realPath) || isInside(realPath, path))
      throw new PairError(
        'root-private',
        `${path} and ${realPath}, where Holt keeps its keys and state, are not apart.`,
      )
  }
}

async function identify(path: string): Promise<string> {
  const { dev, ino } = await stat(path, { bigint: true })
  return `${dev}:${ino}`
}

function isInside(inner: string, outer: string): boolean {
  return inner.startsWith(outer.endsWith(sep) ? outer : `${outer}${sep}`)
}

/** One file for each ordered pair of directories. */
function baseFile({ home, crypto }: PairMachine, { source, destination }: Places): string {
  const digest = crypto.blake3(Buffer.from(`${source.path}\0${destination.path}`))
  return join(home, PAIRS_DIRECTORY, `${Buffer.from(digest).toString('hex').slice(0, NAME_CHARACTERS)}.db`)
}

interface OpenEnd {
  readonly end: End
  readonly marker: string
}

function openLook({ threads, crypto, clock }: PairMachine, { path, marker }: Place): OpenEnd {
  const folder = marker ?? folderIdOf(new Uint8Array(MARKER_BYTES))
  return { end: createLookEnd(path, openLookTree({ root: path, folder, threads, crypto, clock })), marker: folder }
}

/** Marks the directory where it is not marked yet, and puts right what an interrupted run left. */
async function openEnd(
  machine: PairMachine,
  { path, marker }: Place,
  side: Side,
  base: OpenPairBase,
  isEndChanged: boolean,
): Promise<OpenEnd> {
  const { crypto, clock, random, threads } = machine
  const folder = marker ?? folderIdOf(random.bytes(MARKER_BYTES))
  const traits = await createRoot({ path, folder })
  const tree = await openFileTree({ path, folder, traits, clock, crypto, threads })
  const store = await openBlobStore({ directory: incomingDirectory(path), crypto, threads, sparedMs: SPARED_MS })
  const left = base.intents(side)
  if (left.length > 0 && !isEndChanged) await tree.recover(left)
  base.setIntents(side, [])
  const begin = (intents: Parameters<OpenPairBase['setIntents']>[1]): void => base.setIntents(side, intents)
  return { end: createDirectoryEnd({ place: path, tree, store, clock, random, begin }), marker: folder }
}

function identityOf({ path }: Place, { marker }: OpenEnd): EndIdentities[Side] {
  return { path, marker }
}

// ---- Errors.

const CODES: Readonly<Record<string, PairErrorCode>> = {
  busy: 'pair-busy',
  newer: 'update-needed',
  missing: 'path-not-found',
  unmarked: 'path-not-found',
  'not-a-directory': 'not-a-directory',
  'read-only': 'root-read-only',
  denied: 'root-denied',
  'no-space': 'no-space',
  io: 'storage-failed',
}

/** What a room throws, in the words of pairs. */
async function coded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof PairError) throw cause
    const code = CODES[errorCode(cause) ?? '']
    if (code === undefined || !(cause instanceof Error)) throw cause
    throw new PairError(code, sentence(cause.message), { cause })
  }
}

function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`
}

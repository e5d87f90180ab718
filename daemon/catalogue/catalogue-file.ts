/** The catalogue's file in the home: opened, made anew where it cannot be read, removed with what it told of a group. */

import { existsSync, renameSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CatalogueOptions, SqliteCatalogue } from './catalogue.ts'
import { openCatalogue, refuseNewer } from './catalogue.ts'
import { removeCopies } from './catalogue-copy.ts'
import { CatalogueError } from './catalogue-error.ts'
import { compareSum, removeSum, writeSum } from './catalogue-sum.ts'
import { damaged } from './seal.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import type { Log } from '../ports.ts'

const CATALOGUE_FILE = 'catalogue.db'
/** What SQLite keeps beside it. */
const COMPANIONS = ['-wal', '-shm']

export interface OpenedCatalogue extends Disposable {
  readonly catalogue: SqliteCatalogue
  /** Where a damaged one lies; null where there is none. */
  readonly damaged: string | null
  /** Resolves when it turns out to be damaged while it is used: nothing that it says can be trusted. */
  readonly corrupt: Promise<'corrupt'>
}

type OpenOptions = Pick<CatalogueOptions, 'self' | 'crypto' | 'steps'>

/**
 * A catalogue that cannot be read, or is not as it was closed, is set aside and derived again.
 * @throws CatalogueError `newer`, `no-space`, `unusable`: it is left alone
 */
export function openOrRenew(home: string, log: Log, o: OpenOptions): OpenedCatalogue {
  const file = join(home, CATALOGUE_FILE)
  const corrupt = Promise.withResolvers<'corrupt'>()
  const report = (cause: unknown): void => log.event('catalogue.corrupt', { cause: String(cause) })
  let isCorrupt = false
  const onCorrupt = (cause: unknown): void => {
    if (!isCorrupt) report(cause)
    isCorrupt = true
    corrupt.resolve('corrupt')
  }
  const open = (mustCheck: boolean): SqliteCatalogue => openCatalogue({ ...o, file, onCorrupt, mustCheck })
  const openAnew = (cause: unknown): SqliteCatalogue => {
    if (!(cause instanceof CatalogueError) || cause.code !== 'corrupt') throw cause
    report(cause.cause ?? cause)
    if (existsSync(file)) setAside(file)
    return open(false)
  }
  const catalogue = attempt(() => openKnown(file, o, open), openAnew)
  return {
    catalogue,
    damaged: existsSync(keptName(file)) ? keptName(file) : null,
    corrupt: corrupt.promise,
    [Symbol.dispose]: () => {
      catalogue[Symbol.dispose]()
      if (isCorrupt) setAside(file)
      else sumUp(file, o.crypto, log)
    },
  }
}

/** Without its sum, the next start only looks through all of it. */
function sumUp(file: string, crypto: Crypto, log: Log): void {
  try {
    writeSum(file, crypto)
  } catch (cause) {
    log.event('catalogue.unsummed', { cause: String(cause) })
  }
}

/** As it was closed, or else looked through whole. The copy of an older version goes when a later start needs none. */
function openKnown(
  file: string,
  { crypto, steps }: OpenOptions,
  open: (mustCheck: boolean) => SqliteCatalogue,
): SqliteCatalogue {
  const verdict = compareSum(file, crypto)
  if (verdict === 'different') throw damaged('it is not as it was when it was closed')
  refuseNewer(file, steps)
  removeSum(file)
  const catalogue = open(verdict === 'unknown' && existsSync(file))
  if (!catalogue.wasMigrated) removeCopies(file)
  return catalogue
}

function attempt<T>(work: () => T, otherwise: (cause: unknown) => T): T {
  try {
    return work()
  } catch (cause) {
    return otherwise(cause)
  }
}

const keptName = (file: string): string => `${file}.corrupt`

/** For whoever wants to look at it; the one before it goes. */
function setAside(file: string): void {
  renameSync(file, keptName(file))
  removeSum(file)
  for (const suffix of COMPANIONS) rmSync(file + suffix, { force: true })
}

export async function removeCatalogue(home: string): Promise<void> {
  removeSum(join(home, CATALOGUE_FILE))
  for (const suffix of ['', ...COMPANIONS]) await rm(join(home, CATALOGUE_FILE + suffix), { force: true })
}

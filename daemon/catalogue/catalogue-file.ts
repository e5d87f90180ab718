/** The catalogue's file in the home: opened, made anew where it cannot be read, removed with what it told of a group. */

import { existsSync, renameSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CatalogueOptions, SqliteCatalogue } from './catalogue.ts'
import { openCatalogue } from './catalogue.ts'
import { CatalogueError } from './catalogue-error.ts'
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

/** A catalogue that cannot be read is set aside and derived again. @throws CatalogueError `newer`: it is left alone */
export function openOrRenew(home: string, log: Log, o: Pick<CatalogueOptions, 'self' | 'crypto'>): OpenedCatalogue {
  const file = join(home, CATALOGUE_FILE)
  const corrupt = Promise.withResolvers<'corrupt'>()
  const report = (cause: unknown): void => log.event('catalogue.corrupt', { cause: String(cause) })
  let isCorrupt = false
  const onCorrupt = (cause: unknown): void => {
    if (!isCorrupt) report(cause)
    isCorrupt = true
    corrupt.resolve('corrupt')
  }
  const open = (): SqliteCatalogue => openCatalogue({ ...o, file, onCorrupt })
  const openAnew = (cause: unknown): SqliteCatalogue => {
    if (!(cause instanceof CatalogueError) || cause.code !== 'corrupt') throw cause
    report(cause.cause)
    setAside(file)
    return open()
  }
  const catalogue = attempt(open, openAnew)
  return {
    catalogue,
    damaged: existsSync(keptName(file)) ? keptName(file) : null,
    corrupt: corrupt.promise,
    [Symbol.dispose]: () => {
      catalogue[Symbol.dispose]()
      if (isCorrupt) setAside(file)
    },
  }
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
  for (const suffix of COMPANIONS) rmSync(file + suffix, { force: true })
}

export async function removeCatalogue(home: string): Promise<void> {
  for (const suffix of ['', ...COMPANIONS]) await rm(join(home, CATALOGUE_FILE + suffix), { force: true })
}

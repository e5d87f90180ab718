/** What an observation does: list directories, hash small files, hash a large one. */

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { HashRequest } from '../../daemon/ports.ts'
import type { DirPath } from '../../protocol/path.ts'
import { parseRelPath } from '../../protocol/path.ts'
import { makeBig } from '../sets/big.ts'
import type { DataSet } from '../sets/data-set.ts'
import { MIB } from '../sets/seeded-bytes.ts'
import { makeSmall } from '../sets/small.ts'
import type { MicroFolder } from './folder.ts'
import { openFolder } from './folder.ts'
import type { Micro, Prepared } from './micro.ts'
import { NOT_STOPPED } from './micro.ts'

const SEED = 1

export const scan: Micro = {
  unit: 'files',
  open: (directory) => openFilled(directory, makeSmall({ seed: SEED, isQuick: false }), listAll),
}

export const hashSmall: Micro = {
  unit: 'files',
  open: (directory) =>
    openFilled(directory, makeSmall({ seed: SEED, isQuick: false }), async (folder) => {
      await hashAll(folder)
      return folder.files.length
    }),
}

export const hashLarge: Micro = {
  unit: 'MiB',
  open: (directory) =>
    openFilled(directory, makeBig({ seed: SEED, isQuick: false }), async (folder) => (await hashAll(folder)) / MIB),
}

interface Filled extends MicroFolder {
  readonly directories: readonly DirPath[]
  readonly files: readonly HashRequest[]
}

async function openFilled(
  directory: string,
  set: DataSet,
  work: (folder: Filled) => Promise<number>,
): Promise<Prepared> {
  const folder = await openFolder(directory)
  set.write(join(folder.root, set.name))
  const top = parseRelPath(set.name)
  const below = readdirSync(join(folder.root, set.name), { withFileTypes: true }).filter((each) => each.isDirectory())
  const directories = [top, ...below.map(({ name }) => parseRelPath(`${set.name}/${name}`))]
  const files: HashRequest[] = []
  for await (const { entries } of folder.tree.scan(directories, NOT_STOPPED)) {
    for (const entry of entries) if (entry.kind === 'file') files.push(entry)
  }
  const filled = { ...folder, directories, files }
  return { round: () => work(filled), [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
}

async function listAll({ tree, directories }: Filled): Promise<number> {
  let files = 0
  for await (const { entries } of tree.scan(directories, NOT_STOPPED)) {
    files += entries.filter(({ kind }) => kind === 'file').length
  }
  return files
}

/** @returns bytes */
async function hashAll({ tree, files }: Filled): Promise<number> {
  let bytes = 0
  for await (const result of tree.hash(files, NOT_STOPPED)) {
    if (result.kind !== 'hashed') throw new Error(`${result.path} is ${result.kind}`)
    bytes += result.sizeBytes
  }
  return bytes
}

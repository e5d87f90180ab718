/**
 * A new version of `big` beside the old one, which is what every change of a file costs that is to be whole at all times: the
 * sender reads its file once, the receiver copies its own, syncs it, and takes it into place. Nothing is hashed or sent.
 */

import type { FileHandle } from 'node:fs/promises'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { Block } from '../block.ts'
import type { Row } from '../row.ts'
import { valueOf } from '../row.ts'
import { settleDisk } from '../session.ts'
import { BIG_FILE } from '../sets/big.ts'
import { makeSet } from '../sets/make-set.ts'
import { MIB } from '../sets/seeded-bytes.ts'

const row: Row = {
  id: 'limit-rewrite-big',
  title: 'limit: `big` read once and written anew',
  unit: 's',
  sentence:
    'A bare Node process reads one copy of `big` while it copies another, syncs the copy and renames it over: what a change costs of which nothing is sent.',
}

export const rewriteBlock: Block = {
  ...{ name: row.id, set: 'big', rows: [row], programs: ['bare Node'] },
  run: async (o) => {
    const sides = ['here', 'there'].map((name) => join(o.directory, name))
    for (const side of sides) makeSet('big', o).write(side)
    settleDisk()
    const [here = '', there = ''] = sides
    const beganMs = performance.now()
    await Promise.all([readThrough(join(here, BIG_FILE)), rewrite(there)])
    return valueOf(row, (performance.now() - beganMs) / 1000)
  },
}

async function readThrough(path: string): Promise<void> {
  const file = await open(path)
  const piece = Buffer.allocUnsafe(MIB)
  while ((await file.read(piece, 0, MIB)).bytesRead > 0) continue
  await file.close()
}

async function rewrite(directory: string): Promise<void> {
  const [path, fresh] = [join(directory, BIG_FILE), join(directory, 'fresh')]
  const [from, to] = [await open(path), await open(fresh, 'wx')]
  await copy(from, to)
  await to.datasync()
  await Promise.all([from.close(), to.close()])
  await rename(fresh, path)
  const parent = await open(directory)
  await parent.sync()
  await parent.close()
}

/** One piece is written while the next one is read. */
async function copy(from: FileHandle, to: FileHandle): Promise<void> {
  const pieces = [Buffer.allocUnsafe(MIB), Buffer.allocUnsafe(MIB)]
  let writing: Promise<unknown> = Promise.resolve()
  for (let at = 0, turn = 0; ; turn += 1) {
    const piece = pieces[turn % 2] ?? Buffer.alloc(0)
    const { bytesRead } = await from.read(piece, 0, MIB, at)
    await writing
    if (bytesRead === 0) return
    writing = to.write(piece, 0, bytesRead, at)
    at += bytesRead
  }
}

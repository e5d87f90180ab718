/** `big`: one file of 1 GiB. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DataSet, SetOptions } from './data-set.ts'
import { MIB, createBytes, writeBytes } from './seeded-bytes.ts'

export const BIG_FILE = 'big.bin'

export function makeBig({ seed, isQuick }: SetOptions): DataSet {
  const bytes = (isQuick ? 32 : 1024) * MIB
  return {
    name: 'big',
    files: 1,
    bytes,
    write: (directory) => {
      mkdirSync(directory)
      writeBytes(join(directory, BIG_FILE), bytes, createBytes(seed))
    },
  }
}

/** `small`: 20,000 files of 4 KiB in 200 directories. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DataSet, SetOptions } from './data-set.ts'
import { createBytes, writeBytes } from './seeded-bytes.ts'

const FILE_BYTES = 4096
const PER_DIRECTORY = 100

export function makeSmall({ seed, isQuick }: SetOptions): DataSet {
  const files = isQuick ? 1000 : 20_000
  return {
    name: 'small',
    files,
    bytes: files * FILE_BYTES,
    write: (directory) => {
      const bytes = createBytes(seed)
      for (let i = 0; i < files; i += 1) {
        const at = join(directory, `d${Math.floor(i / PER_DIRECTORY)}`)
        if (i % PER_DIRECTORY === 0) mkdirSync(at, { recursive: true })
        writeBytes(join(at, `f${i}`), FILE_BYTES, bytes)
      }
    },
  }
}

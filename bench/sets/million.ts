/** `million`: 1,000,000 files of 8 to 16 bytes in 1,000 directories. Written twice it is the same, times too. */

import { closeSync, futimesSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { DataSet, SetOptions } from './data-set.ts'
import { createBytes } from './seeded-bytes.ts'

const MTIME_SECONDS = 1_700_000_000
const BYTES_MIN = 8
const BYTES_MAX = 16

export function makeMillion({ seed, isQuick }: SetOptions): DataSet {
  const [directories, inEach] = isQuick ? [20, 100] : [1000, 1000]
  const files = directories * inEach
  return {
    name: 'million',
    files,
    bytes: files * ((BYTES_MIN + BYTES_MAX) / 2),
    write: (directory) => {
      const bytes = createBytes(seed + 4)
      for (let i = 0; i < directories; i += 1) {
        const at = join(directory, `d${i}`)
        mkdirSync(at, { recursive: true })
        for (let k = 0; k < inEach; k += 1)
          writeTiny(join(at, `f${k}`), bytes(BYTES_MIN + (k % (BYTES_MAX - BYTES_MIN + 1))))
      }
    },
  }
}

function writeTiny(path: string, bytes: Buffer): void {
  const fd = openSync(path, 'wx')
  writeSync(fd, bytes)
  futimesSync(fd, MTIME_SECONDS, MTIME_SECONDS)
  closeSync(fd)
}

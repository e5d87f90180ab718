/** `photos`: 300 JPEGs with EXIF, together 520 MB, by month. */

import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { DataSet, SetOptions } from './data-set.ts'
import { makeJpeg } from './jpeg.ts'
import { createBytes, createUniform } from './seeded-bytes.ts'

const MONTHS = 12

export function makePhotos({ seed, isQuick }: SetOptions): DataSet {
  const [count, total] = isQuick ? [30, 52_000_000] : [300, 520_000_000]
  const sizes = sizesOf(seed, count, total)
  return {
    name: 'photos',
    files: count,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    write: (directory) => {
      const bytes = createBytes(seed + 2)
      for (const [i, size] of sizes.entries()) {
        const month = String((i % MONTHS) + 1).padStart(2, '0')
        const at = join(directory, `2024-${month}`)
        mkdirSync(at, { recursive: true })
        const fd = openSync(join(at, `IMG_${String(i).padStart(4, '0')}.jpg`), 'wx')
        for (const part of makeJpeg(size, bytes, `2024:${month}:01 12:00:00`)) writeSync(fd, part)
        closeSync(fd)
      }
    },
  }
}

/** From two thirds to four thirds of the mean. */
function sizesOf(seed: number, count: number, total: number): number[] {
  const uniform = createUniform(seed + 3)
  const raw = Array.from({ length: count }, () => 2 / 3 + (uniform() * 2) / 3)
  const sum = raw.reduce((a, b) => a + b, 0)
  return raw.map((size) => Math.round((size / sum) * total))
}

/** `mixed`: 2,000 files of log-normal sizes, together 500 MiB, of which a tenth is copies of others. */

import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DataSet, SetOptions } from './data-set.ts'
import { MIB, createBytes, createUniform, writeBytes } from './seeded-bytes.ts'

const DIRECTORIES = 40
const SPREAD = 1.2

export interface MixedFile {
  readonly path: string
  readonly bytes: number
  /** The file that it is a copy of. */
  readonly copyOf: string | null
}

export function makeMixed({ seed, isQuick }: SetOptions): DataSet {
  const files = listMixed({ seed, isQuick })
  return {
    name: 'mixed',
    files: files.length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    write: (directory) => {
      const bytes = createBytes(seed + 1)
      for (const [i, file] of files.entries()) {
        if (i < DIRECTORIES) mkdirSync(join(directory, `d${i}`), { recursive: true })
        if (file.copyOf === null) writeBytes(join(directory, file.path), file.bytes, bytes)
        else copyFileSync(join(directory, file.copyOf), join(directory, file.path))
      }
    },
  }
}

/** Originals before their copies, which come last. */
export function listMixed({ seed, isQuick }: SetOptions): MixedFile[] {
  const [count, total] = isQuick ? [200, 50 * MIB] : [2000, 500 * MIB]
  const copies = count / 10
  const sizes = logNormal(seed, count - copies)
  // Scaled apart, so that the copies are a tenth of the bytes whatever the seed.
  const originals = [
    ...scale(sizes.slice(0, copies), total / 10),
    ...scale(sizes.slice(copies), total - 2 * Math.round(total / 10)),
  ]
  const pathOf = (i: number): string => join(`d${i % DIRECTORIES}`, `f${i}.dat`)
  return Array.from({ length: count }, (_, i) => {
    const original = i - (count - copies)
    return {
      path: pathOf(i),
      bytes: originals[original >= 0 ? original : i] ?? 1,
      copyOf: original >= 0 ? pathOf(original) : null,
    }
  })
}

function logNormal(seed: number, count: number): number[] {
  const uniform = createUniform(seed)
  return Array.from({ length: count }, () =>
    Math.exp(SPREAD * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())),
  )
}

function scale(sizes: readonly number[], total: number): number[] {
  const sum = sizes.reduce((a, b) => a + b, 0)
  return sizes.map((size) => Math.max(1, Math.round((size / sum) * total)))
}

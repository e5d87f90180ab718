/** Data sets from a seed: the same bytes on every machine. */

import { createCipheriv } from 'node:crypto'
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const MIB = 1024 * 1024

export interface DataSet {
  readonly name: string
  readonly files: number
  readonly bytes: number
  /** Writes it below a directory that is not there yet. */
  write(directory: string): void
}

/** An endless stream of bytes that no compressor shortens. */
function createBytes(seed: number): (length: number) => Buffer {
  const key = Buffer.alloc(32)
  key.writeUInt32LE(seed)
  const cipher = createCipheriv('chacha20', key, Buffer.alloc(16))
  return (length) => cipher.update(Buffer.alloc(length))
}

function writeFile(path: string, length: number, bytes: (length: number) => Buffer): void {
  const fd = openSync(path, 'wx')
  for (let at = 0; at < length; at += MIB) writeSync(fd, bytes(Math.min(MIB, length - at)))
  closeSync(fd)
}

/** One file of `mebibytes`. */
export function big(seed: number, mebibytes: number): DataSet {
  return {
    name: 'big',
    files: 1,
    bytes: mebibytes * MIB,
    write: (directory) => {
      mkdirSync(directory)
      writeFile(join(directory, 'big.bin'), mebibytes * MIB, createBytes(seed))
    },
  }
}

/** `count` files of 4 KiB, a hundred in a directory. */
export function small(seed: number, count: number): DataSet {
  return {
    name: 'small',
    files: count,
    bytes: count * 4096,
    write: (directory) => {
      const bytes = createBytes(seed)
      for (let i = 0; i < count; i += 1) {
        const at = join(directory, `d${Math.floor(i / 100)}`)
        if (i % 100 === 0) mkdirSync(at, { recursive: true })
        writeFile(join(at, `f${i}`), 4096, bytes)
      }
    },
  }
}

/** `count` files of log-normal sizes, together `mebibytes`. */
export function mixed(seed: number, count: number, mebibytes: number): DataSet {
  const sizes = logNormalSizes(seed, count, mebibytes * MIB)
  return {
    name: 'mixed',
    files: count,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    write: (directory) => {
      const bytes = createBytes(seed + 1)
      for (const [i, size] of sizes.entries()) {
        const at = join(directory, `d${i % 40}`)
        mkdirSync(at, { recursive: true })
        writeFile(join(at, `f${i}.jpg`), size, bytes)
      }
    },
  }
}

function logNormalSizes(seed: number, count: number, total: number): number[] {
  const bytes = createBytes(seed)
  const uniform = (): number => (bytes(4).readUInt32LE() + 1) / 2 ** 32
  const raw = Array.from({ length: count }, () =>
    Math.exp(1.2 * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())),
  )
  const sum = raw.reduce((a, b) => a + b, 0)
  return raw.map((value) => Math.max(1, Math.round((value / sum) * total)))
}

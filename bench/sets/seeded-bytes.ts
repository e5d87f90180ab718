/** Bytes from a seed: the same on every machine, and no compressor shortens them. */

import { createCipheriv } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'

export const MIB = 1024 * 1024

/** An endless stream. */
export type Bytes = (length: number) => Buffer

export function createBytes(seed: number): Bytes {
  const key = Buffer.alloc(32)
  key.writeUInt32LE(seed)
  const cipher = createCipheriv('chacha20', key, Buffer.alloc(16))
  return (length) => cipher.update(Buffer.alloc(length))
}

/** Above 0 and at most 1. */
export function createUniform(seed: number): () => number {
  const bytes = createBytes(seed)
  return () => (bytes(4).readUInt32LE() + 1) / 2 ** 32
}

/** A new file of `length` bytes. */
export function writeBytes(path: string, length: number, bytes: Bytes): void {
  const fd = openSync(path, 'wx')
  try {
    for (let at = 0; at < length; at += MIB) writeSync(fd, bytes(Math.min(MIB, length - at)))
  } finally {
    closeSync(fd)
  }
}

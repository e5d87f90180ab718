/**
 * BLAKE3: from the native module, and where that has no binary for the platform from the portable one, which gives the same
 * hashes at a tenth of the speed.
 */

import type { Hasher } from '../protocol/crypto.ts'

export interface Blake3 {
  /** 32 bytes. */
  hash(bytes: Uint8Array): Uint8Array
  hasher(): Hasher
}

/** @param importNative what loads the native module; tests pass one that fails */
export async function loadBlake3(importNative = () => import('@napi-rs/blake-hash')): Promise<Blake3> {
  try {
    const { blake3, Blake3Hasher } = await importNative()
    return {
      hash: (bytes) => blake3(bytes),
      hasher: () => {
        const hasher = new Blake3Hasher()
        return { update: (bytes) => void hasher.update(bytes), digest: () => hasher.digestBuffer() }
      },
    }
  } catch {
    return await loadPortable()
  }
}

async function loadPortable(): Promise<Blake3> {
  const { hash, createHash } = await import('blake3')
  return {
    hash: (bytes) => toBytes(hash(bytes)),
    hasher: () => {
      const hasher = createHash()
      return { update: (bytes) => void hasher.update(bytes), digest: () => toBytes(hasher.digest()) }
    },
  }
}

/** The types of the package leave open what it never returns when it is not asked for text. */
function toBytes(digest: Uint8Array | string): Uint8Array {
  return typeof digest === 'string' ? Buffer.from(digest, 'hex') : digest
}

export const { hash: blake3, hasher: blake3Hasher } = await loadBlake3()

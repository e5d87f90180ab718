/** Reading exactly so many bytes with synchronous calls. For a thread. */

import { readSync } from 'node:fs'

/** Fills all of `bytes`; false when the file ends before. */
export function readFully(fd: number, bytes: Uint8Array, position: number): boolean {
  for (let filled = 0; filled < bytes.length;) {
    const read = readSync(fd, bytes, filled, bytes.length - filled, position + filled)
    if (read === 0) return false
    filled += read
  }
  return true
}

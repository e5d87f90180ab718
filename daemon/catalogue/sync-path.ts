/** Makes what was written or renamed last. */

import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Of a file or a directory. Windows has no handle of a directory, and writes names through. */
export function syncPath(path: string): void {
  if (process.platform === 'win32') return
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Temporary directories of tests. Whoever makes one removes it; what a run that was broken off has left goes as its process ends. */

import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const made = new Set<string>()

/** The path of a new directory, `holt-NAME-` and six characters, without symbolic links. */
export function makeTemporaryDirectory(name: string, parent = tmpdir()): string {
  if (made.size === 0) {
    process.once('exit', () => {
      for (const path of made) rmSync(path, { recursive: true, force: true })
    })
  }
  const path = realpathSync(mkdtempSync(join(parent, `holt-${name}-`)))
  made.add(path)
  return path
}

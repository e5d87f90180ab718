/** The state files on the disk keep to what every `StateFiles` keeps to. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStateFiles } from '../../daemon/disk/state-files.ts'
import { describeStateFiles } from '../conformance/state-files.ts'

describeStateFiles('on the disk', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'holt-state-'))
  const directory = join(parent, 'data')
  return {
    state: await openStateFiles(directory),
    reopen: () => openStateFiles(directory),
    [Symbol.asyncDispose]: () => {
      rmSync(parent, { recursive: true })
      return Promise.resolve()
    },
  }
})

/** The store on the disk keeps to what every `BlobStore` keeps to. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openBlobStore } from '../../daemon/blobs/store.ts'
import { threadsHere } from '../threads-here.ts'
import { crypto } from '../conformance/blob-store-bench.ts'
import { describeBlobStore } from '../conformance/blob-store.ts'

describeBlobStore('on the disk', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'holt-blobs-'))
  return {
    store: await openBlobStore({ directory, crypto, threads: threadsHere }),
    reopen: () => openBlobStore({ directory, crypto, threads: threadsHere }),
    damagePart: (hash, offset) => {
      const part = join(directory, `${hash}.part`)
      const bytes = readFileSync(part)
      bytes[offset] = (bytes[offset] ?? 0) ^ 1
      writeFileSync(part, bytes)
    },
    spoil: (hash, bytes) => writeFileSync(join(directory, hash), bytes),
    [Symbol.asyncDispose]: () => {
      rmSync(directory, { recursive: true })
      return Promise.resolve()
    },
  }
})

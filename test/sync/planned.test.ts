/** New files that are decided and only lack their bytes. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { blake3 } from '../../daemon/blake3.ts'
import { PlannedFiles } from '../../daemon/sync/planned.ts'
import type { PlannedFile } from '../../daemon/sync/planned.ts'
import type { BlobHash } from '../../protocol/ids.ts'
import { blobHashOf, deviceIdOf } from '../../protocol/ids.ts'
import { parseRelPath } from '../../protocol/path.ts'

const device = deviceIdOf(new Uint8Array(32).fill(1))
const hashOf = (text: string): BlobHash => blobHashOf(blake3(new TextEncoder().encode(text)))
const [one, two] = [hashOf('one'), hashOf('two')]

function file(name: string, hash: BlobHash): PlannedFile {
  const path = parseRelPath(name)
  const content = { kind: 'file', hash, sizeBytes: 3, chunks: null, executable: false } as const
  const entry = {
    ...{ path, content, mtimeMs: 0, version: [[device, 1]] as const, modBy: device, t: 0 },
    ...{ isConflictCopy: false, isHeld: true, extra: [] },
  }
  return { dirty: { path, stamp: 1 }, hash, target: { entry, own: undefined, reason: 'newer-elsewhere', copies: [] } }
}

function namesOf(files: readonly PlannedFile[]): string[] {
  return files.map(({ dirty }) => dirty.path)
}

describe('files that are planned and lack their bytes', () => {
  it('can be placed once these are here, so many at a time', () => {
    const planned = new PlannedFiles()
    for (const name of ['a', 'b', 'c']) planned.add(file(name, one))
    planned.add(file('d', two))
    assert.equal(planned.hasArrived, false)
    assert.equal(planned.landed(one), true)
    assert.equal(planned.hasArrived, true)
    assert.deepEqual(namesOf(planned.take(2)), ['a', 'b'])
    assert.deepEqual(namesOf(planned.take(2)), ['c'])
    assert.deepEqual(namesOf(planned.take(2)), [])
  })

  it('are decided anew where another path waits for the same bytes in another way', () => {
    const planned = new PlannedFiles()
    planned.add(file('a', one))
    planned.share([one])
    assert.equal(planned.landed(one), false)
    assert.equal(planned.hasArrived, false)
  })

  it('are planned no longer once the path is decided anew, or all is', () => {
    const planned = new PlannedFiles()
    for (const name of ['a', 'b']) planned.add(file(name, one))
    planned.add(file('c', two))
    planned.drop(parseRelPath('a'), [one])
    planned.landed(one)
    assert.deepEqual(namesOf(planned.take(9)), ['b'])
    planned.landed(two)
    planned.clear()
    assert.equal(planned.hasArrived, false)
    assert.equal(planned.landed(two), false)
  })
})

/** What the demo shows is only worth something if its folder is what it says and its comparison sees everything. */

import assert from 'node:assert/strict'
import { appendFile, chmod, mkdtemp, rename, rm, symlink, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { drawPhoto, seeded, writeAlbum } from '../../scripts/demo/album.ts'
import { digestOf, readTree } from '../../scripts/demo/tree.ts'

async function album(seed: number): Promise<{ root: string } & AsyncDisposable> {
  const root = await mkdtemp(join(tmpdir(), 'holt-album-'))
  await writeAlbum(root, seed)
  return { root, [Symbol.asyncDispose]: () => rm(root, { recursive: true }) }
}

describe('the folder of the demo', () => {
  it('is the same for the same seed, and another for another', async () => {
    await using one = await album(1)
    await using same = await album(1)
    await using other = await album(2)
    const digests = await Promise.all([one, same, other].map(async ({ root }) => digestOf(await readTree(root))))
    assert.equal(digests[0], digests[1])
    assert.notEqual(digests[0], digests[2])
  })

  it('has photos that begin and end as JPEG files do', () => {
    const photo = Buffer.from(drawPhoto(seeded(7)))
    assert.equal(photo.subarray(0, 11).toString('latin1'), '\u00ff\u00d8\u00ff\u00e0\u0000\u0010JFIF\u0000')
    assert.equal(photo.subarray(-2).toString('hex'), 'ffd9')
    assert.equal(photo.subarray(20, -2).includes(0xff), false)
  })

  it('is told apart by its digest after every kind of change', async () => {
    await using folder = await album(1)
    const at = (path: string): string => join(folder.root, path)
    const seen = new Set([digestOf(await readTree(folder.root))])
    const changes = [
      () => appendFile(at('Documents/empty.txt'), 'x'),
      () => rename(at('Documents/empty.txt'), at('Documents/full.txt')),
      () => chmod(at('Documents/full.txt'), 0o755),
      () => rm(at('Photos/2027'), { recursive: true }),
      () => unlink(at('Documents/this year')),
      () => symlink('elsewhere', at('Documents/this year')),
    ]
    for (const [index, change] of changes.entries()) {
      await change()
      seen.add(digestOf(await readTree(folder.root)))
      assert.equal(seen.size, index + 2, `change ${index} is seen`)
    }
  })
})

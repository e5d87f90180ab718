/** Making a directory the root of a folder. */

import { onCalls } from './disk-calls.ts'
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { createRoot, probeTraits } from '../../daemon/disk/create-root.ts'
import { parseFolderId } from '../../protocol/ids.ts'
import { hasCode } from '../conformance/file-tree-bench.ts'
import { FOLDER, makeTemporary } from './real-tree.ts'

const OTHER = parseFolderId('ffeeddccbbaa99887766554433221100')
const current = { parent: '' }
const at = (name: string): string => join(current.parent, name)

beforeEach(() => void (current.parent = makeTemporary()))
afterEach(() => {
  rmSync(current.parent, { recursive: true })
})

describe('making a root', () => {
  it('makes the directory and its mark, which nobody else can read', async () => {
    await createRoot({ path: at('photos'), folder: FOLDER })
    assert.equal(readFileSync(at('photos/.holt/folder'), 'utf8').trim(), FOLDER)
    assert.deepEqual(readdirSync(at('photos/.holt')).sort(), ['folder', 'incoming', 'versions'])
    assert.equal(statSync(at('photos/.holt')).mode & 0o777, 0o700)
  })

  it('takes a directory with all that is in it', async () => {
    mkdirSync(at('photos'))
    writeFileSync(at('photos/mine'), 'mine')
    await createRoot({ path: at('photos'), folder: FOLDER })
    assert.equal(readFileSync(at('photos/mine'), 'utf8'), 'mine')
  })

  it('takes a directory through a symbolic link', async () => {
    mkdirSync(at('real'))
    symlinkSync('real', at('link'))
    await createRoot({ path: at('link'), folder: FOLDER })
    assert.equal(readFileSync(at('real/.holt/folder'), 'utf8').trim(), FOLDER)
  })

  it('takes over a root of the same folder, with what it keeps', async () => {
    await createRoot({ path: at('photos'), folder: FOLDER })
    writeFileSync(at('photos/.holt/versions/kept'), 'kept')
    await createRoot({ path: at('photos'), folder: FOLDER })
    assert.equal(readFileSync(at('photos/.holt/versions/kept'), 'utf8'), 'kept')
  })

  it('repairs a mark that a power cut left empty', async () => {
    await createRoot({ path: at('photos'), folder: FOLDER })
    writeFileSync(at('photos/.holt/folder'), '')
    await createRoot({ path: at('photos'), folder: FOLDER })
    assert.equal(readFileSync(at('photos/.holt/folder'), 'utf8').trim(), FOLDER)
  })

  it('refuses the root of another folder, and leaves its mark', async () => {
    await createRoot({ path: at('photos'), folder: OTHER })
    await assert.rejects(createRoot({ path: at('photos'), folder: FOLDER }), hasCode('already-marked'))
    assert.equal(readFileSync(at('photos/.holt/folder'), 'utf8').trim(), OTHER)
  })

  it('makes no parents', async () => {
    await assert.rejects(createRoot({ path: at('far/photos'), folder: FOLDER }), hasCode('missing-parent'))
    assert.deepEqual(readdirSync(current.parent), [])
  })

  it('refuses what is no directory, or lies in something that is none', async () => {
    writeFileSync(at('file'), 'mine')
    symlinkSync('nowhere', at('dangling'))
    for (const path of ['file', 'file/photos', 'dangling']) {
      await assert.rejects(createRoot({ path: at(path), folder: FOLDER }), hasCode('not-a-directory'), path)
    }
    assert.equal(readFileSync(at('file'), 'utf8'), 'mine')
  })

  it('refuses a directory whose .holt is a link to elsewhere', async () => {
    mkdirSync(at('elsewhere'))
    mkdirSync(at('photos'))
    symlinkSync(at('elsewhere'), at('photos/.holt'))
    await assert.rejects(createRoot({ path: at('photos'), folder: FOLDER }), hasCode('not-a-directory'))
    assert.deepEqual(readdirSync(at('elsewhere')), [])
  })

  for (const [code, expected] of [
    ['EROFS', 'read-only'],
    ['EACCES', 'denied'],
    ['ENOSPC', 'no-space'],
  ] as const) {
    it(`is ${expected} where the system says ${code}`, async () => {
      mkdirSync(at('photos'))
      using _calls = onCalls(({ name, paths }) =>
        name === 'mkdir' && paths.some((each) => each.endsWith('.holt')) ? { fails: code } : 'done',
      )
      await assert.rejects(createRoot({ path: at('photos'), folder: FOLDER }), hasCode(expected))
    })
  }
})

describe('what a root can hold', () => {
  it('is found out, and nothing of that stays behind', async () => {
    const traits = await createRoot({ path: at('photos'), folder: FOLDER })
    assert.deepEqual(await probeTraits(at('photos')), traits)
    assert.ok(traits.volumeBytes > 0)
    if (process.platform === 'linux') {
      const { caseSensitive, executableBit, symlinks } = traits
      assert.deepEqual(
        { caseSensitive, executableBit, symlinks },
        { caseSensitive: true, executableBit: true, symlinks: true },
      )
    }
    assert.deepEqual(readdirSync(at('photos/.holt')).sort(), ['folder', 'incoming', 'versions'])
  })

  it('is without symbolic links where the system makes none', async () => {
    await createRoot({ path: at('photos'), folder: FOLDER })
    using _calls = onCalls(({ name }) => (name === 'symlink' ? { fails: 'EPERM' } : 'done'))
    assert.equal((await probeTraits(at('photos'))).symlinks, false)
  })
})

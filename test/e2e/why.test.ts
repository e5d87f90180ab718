/** `holt why` on a real device: the story of any path of this machine. */

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { EXIT } from '../../protocol/api/constants.ts'
import { Device, until } from './device.ts'

describe('holt why', () => {
  it('tells the story of any path of this machine', async () => {
    await using anna = new Device('anna')
    await anna.start()
    const root = anna.path('Photos')
    mkdirSync(join(root, 'album'), { recursive: true })
    writeFileSync(join(root, 'album/one.jpg'), 'one')
    writeFileSync(join(root, '.holtignore'), '# drafts\n*.tmp\n')
    writeFileSync(join(root, 'draft.tmp'), 'a draft')
    await anna.mustHolt('add', root)
    await until('it is looked through', async () => (await anna.folder('Photos')).state.kind === 'in-sync')
    const why = async (path: string): Promise<readonly [number | null, string]> => {
      const { status, stdout } = await anna.holt('why', path)
      return [status, stdout]
    }
    const told: readonly (readonly [string, RegExp])[] = [
      [join(root, 'album/one.jpg'), /^Photos: album\/one\.jpg\n.*no other device keeps the folder/],
      [join(root, 'draft.tmp'), /Line 2 of \.holtignore \(\*\.tmp\) ignores it/],
      [join(root, 'never.jpg'), /No device has anything of that name/],
      [join(root, 'album'), /Below it: 1 path: 1 synced/],
      [root, /^Photos\n.*\n\n {2}Below it: 3 paths: 3 synced/],
      [join(root, '.holt/versions'), /belongs to Holt itself/],
      [anna.path('elsewhere.txt'), /lies in no folder that this device keeps/],
    ]
    for (const [path, pattern] of told) {
      const [status, stdout] = await why(path)
      assert.equal(status, EXIT.ok, `${path}\n${stdout}`)
      assert.match(stdout, pattern)
    }
    await anna.mustHolt('folder', 'pause', 'Photos')
    const [status, stdout] = await why(join(root, 'album/one.jpg'))
    assert.equal(status, EXIT.needsAttention)
    assert.match(stdout, /The folder is paused on this device\.\n {4}→ holt folder resume Photos\n/)
  })
})

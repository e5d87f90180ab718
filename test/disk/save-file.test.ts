/** Files of their own: whole, never over another. */

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { saveFile } from '../../daemon/disk/save-file.ts'

const { signal } = new AbortController()
const MTIME_MS = 1_600_000_000_000

async function inDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'holt-save-'))
  try {
    await body(directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield new TextEncoder().encode(text)
}

const file = (...texts: string[]) =>
  ({ kind: 'file', bytes: pieces(...texts), mtimeMs: MTIME_MS, executable: true }) as const

describe('a file that is saved', () => {
  it('has its bytes, its time and its bit, with the directories above it', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'a/b/c')
      assert.equal(await saveFile(path, file('one', 'two'), { overwrite: false, signal }), 'saved')
      assert.equal(readFileSync(path, 'utf8'), 'onetwo')
      assert.deepEqual([statSync(path).mtimeMs, (statSync(path).mode & 0o100) !== 0], [MTIME_MS, true])
      assert.deepEqual(readdirSync(join(directory, 'a/b')), ['c'])
    }))

  it('never takes the place of another, unless that is asked for', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'a')
      writeFileSync(path, 'mine')
      assert.equal(await saveFile(path, file('new'), { overwrite: false, signal }), 'exists')
      assert.equal(readFileSync(path, 'utf8'), 'mine')
      assert.equal(await saveFile(path, { kind: 'symlink', target: 'x' }, { overwrite: false, signal }), 'exists')
      assert.equal(await saveFile(path, { kind: 'symlink', target: 'x' }, { overwrite: true, signal }), 'saved')
      assert.equal(readlinkSync(path), 'x')
      assert.deepEqual(readdirSync(directory), ['a'])
    }))

  it('leaves nothing behind when its bytes end in a fault', () =>
    inDirectory(async (directory) => {
      const bytes = async function* (): AsyncGenerator<Uint8Array> {
        yield* pieces('half')
        throw Object.assign(new Error('damaged'), { code: 'EIO' })
      }
      const content = { ...file(), bytes: bytes() }
      await assert.rejects(saveFile(join(directory, 'a'), content, { overwrite: false, signal }))
      assert.deepEqual(readdirSync(directory), [])
    }))
})

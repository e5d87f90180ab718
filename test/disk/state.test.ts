/** What only a real disk shows of state files: who can read them, and what a failed write leaves. */

import { onCalls } from './disk-calls.ts'
import assert from 'node:assert/strict'
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { openStateFiles } from '../../daemon/disk/state-files.ts'
import { bytesOf } from '../conformance/file-tree-bench.ts'
import { makeTemporary } from './real-tree.ts'

const current = { directory: '' }
const at = (name: string): string => join(current.directory, name)
const modeOf = (name: string): number => statSync(at(name)).mode & 0o777

beforeEach(() => void (current.directory = join(makeTemporary(), 'data')))
afterEach(() => {
  rmSync(join(current.directory, '..'), { recursive: true })
})

describe('state files', () => {
  it('can be read by nobody else', async () => {
    const state = await openStateFiles(current.directory)
    await state.write('folders/a.json', bytesOf('{}'))
    assert.deepEqual([modeOf('.'), modeOf('folders'), modeOf('folders/a.json')], [0o700, 0o700, 0o600])
  })

  it('have no names that lead elsewhere', async () => {
    const state = await openStateFiles(current.directory)
    for (const name of [
      '',
      '..',
      '../out',
      'a/../../out',
      '/etc/out',
      'a//b',
      'a/',
      '.hidden',
      'a/.b',
      'a\\b',
      'a\0b',
      'ä',
    ]) {
      await assert.rejects(async () => {
        await state.write(name, bytesOf('x'))
      }, name)
      await assert.rejects(state.read(name), name)
      await assert.rejects(async () => {
        await state.remove(name)
      }, name)
    }
    assert.deepEqual(readdirSync(join(current.directory, '..')), ['data'])
    assert.deepEqual(readdirSync(current.directory), [])
  })

  it('are as they were when a write fails at any call, and nothing is left of it', async () => {
    const state = await openStateFiles(current.directory)
    await state.write('identity', bytesOf('old'))
    for (let n = 1; ; n++) {
      using calls = onCalls(({ no }) => (no === n ? { fails: 'ENOSPC' } : 'done'))
      const failed = await state.write('identity', bytesOf('new')).then(
        () => false,
        () => true,
      )
      if (calls.calls < n) {
        assert.ok(n > 3, `only ${n} calls`)
        return
      }
      assert.deepEqual(readdirSync(current.directory), ['identity'])
      const isOld = Buffer.from((await state.read('identity')) ?? []).toString() === 'old'
      if (isOld) assert.ok(failed, `call ${n}`)
      await state.write('identity', bytesOf('old'))
    }
  })

  it('lose what a crash left of a write when they are opened again', async () => {
    const state = await openStateFiles(current.directory)
    await state.write('folders/a', bytesOf('x'))
    writeFileSync(at('folders/.new-1'), 'half')
    assert.deepEqual(await state.list(''), ['folders/a'])
    await openStateFiles(current.directory)
    assert.deepEqual(readdirSync(at('folders')), ['a'])
  })
})

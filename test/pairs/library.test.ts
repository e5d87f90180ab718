/** The library as another program uses it: its words, its errors, its examples. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { syncPair } from '../../daemon/sync-pair.ts'
import type { SyncMode, SyncPreview } from '../../daemon/sync-pair.ts'
import { COMPILE_CACHE } from '../compile-cache.ts'
import { openPairBench, put, treeOf, versionsOf } from './pair-bench.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const isRoot = process.getuid?.() === 0

interface Ran {
  readonly status: number | null
  readonly stdout: string
}

async function runProgram(words: readonly string[], home: string, prefix: readonly string[] = []): Promise<Ran> {
  const child = spawn('/usr/bin/env', [...prefix, process.execPath, ...words], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, HOLT_HOME: home, NODE_COMPILE_CACHE: COMPILE_CACHE, NODE_TEST_CONTEXT: undefined },
  })
  const [stdout] = await Promise.all([text(child.stdout), once(child, 'close')])
  return { status: child.exitCode, stdout }
}

async function runExample(name: string, words: readonly string[], home: string): Promise<string> {
  const { status, stdout } = await runProgram(['--conditions=holt-source', `examples/${name}.ts`, ...words], home)
  assert.equal(status, 0)
  return stdout
}

describe('syncPair', () => {
  it('takes modes and policies by name, in camelCase and by alias', async () => {
    using bench = openPairBench()
    const modes: readonly SyncMode[] = ['twoWay', 'sb', 'destination-to-source']
    for (const mode of modes) {
      const result = await syncPair({ ...bench, mode, onConflict: 'keepBoth', initial: 'merge', dryRun: true })
      assert.equal(result.state, 'planned', mode)
    }
    // As a caller without types may say it.
    const unknown = { ...bench, mode: 'sideways' } as unknown as Parameters<typeof syncPair>[0]
    await assert.rejects(syncPair(unknown), { code: 'bad-request', message: '"sideways" is no mode.' })
  })

  it('asks its caller where a person should agree, with the counts', async () => {
    using bench = openPairBench()
    put(bench.source, 'a', 'new')
    put(bench.destination, 'a', 'old')
    const seen: SyncPreview[] = []
    const confirm = (preview: SyncPreview): boolean => {
      seen.push(preview)
      return seen.length > 1
    }
    assert.equal((await syncPair({ ...bench, mode: 'std', confirm })).state, 'halted')
    assert.equal((await syncPair({ ...bench, mode: 'std', confirm })).state, 'done')
    assert.deepEqual(
      seen.map(({ reason, destination }) => [reason, destination.overwritten]),
      [
        ['first-run', 1],
        ['first-run', 1],
      ],
    )
    assert.deepEqual(versionsOf(bench.destination), ['old'])
  })

  it('reads one more ignore file, which those of the sides overrule', async () => {
    using bench = openPairBench()
    const ignoreFile = join(bench.source, '..', 'more')
    writeFileSync(ignoreFile, '*.log\n*.tmp\n')
    put(bench.source, '.holtignore', '!kept.log\n')
    for (const path of ['a.log', 'kept.log', 'b.tmp']) put(bench.source, path, path)
    await syncPair({ ...bench, ignoreFile })
    assert.deepEqual(Object.keys(treeOf(bench.destination)), ['.holtignore', 'kept.log'])
    await assert.rejects(syncPair({ ...bench, ignoreFile: '/none' }), { code: 'path-not-found' })
  })

  it('refuses sides that are not there, no directories, one and the same, or inside one another', async () => {
    using bench = openPairBench()
    const { source, destination, home } = bench
    put(source, 'file', 'text')
    mkdirSync(join(source, 'inner'))
    symlinkSync(source, join(destination, 'link'))
    const refused = async (from: string, to: string, code: string): Promise<void> => {
      await assert.rejects(syncPair({ source: from, destination: to, home }), { name: 'PairError', code })
    }
    await refused(join(source, 'none'), destination, 'path-not-found')
    await refused(source, join(destination, 'none'), 'path-not-found')
    await refused(join(source, 'file'), destination, 'not-a-directory')
    await refused(source, source, 'ends-overlap')
    await refused(source, join(destination, 'link'), 'ends-overlap')
    await refused(source, join(source, 'inner'), 'ends-overlap')
    await refused(join(source, 'inner'), source, 'ends-overlap')
    await refused(join(home, '..'), source, 'ends-overlap')
    mkdirSync(home)
    await refused(source, home, 'root-private')
  })

  it('refuses a side that cannot be written to', async () => {
    using bench = openPairBench()
    chmodSync(bench.destination, 0o555)
    const program = `
      import { syncPair } from 'holt'
      const [source, destination] = process.argv.slice(1)
      await syncPair({ source, destination }).catch((error) => console.log(error.code))`
    const words = ['--conditions=holt-source', '--input-type=module', '-e', program, bench.source, bench.destination]
    const prefix = isRoot ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : []
    assert.equal((await runProgram(words, bench.home, prefix)).stdout, 'root-read-only\n')
    chmodSync(bench.destination, 0o755)
  })

  it('ends with the reason of its signal', async () => {
    using bench = openPairBench()
    const reason = new Error('enough')
    await assert.rejects(syncPair({ ...bench, signal: AbortSignal.abort(reason) }), reason)
  })
})

describe('the examples', () => {
  it('back a directory up, and keep what is deleted', async () => {
    using bench = openPairBench()
    put(bench.source, 'a.jpg', 'picture')
    put(bench.source, 'b.tmp', 'rubbish')
    put(bench.destination, 'older.jpg', 'kept')
    const said = await runExample('backup', [bench.source, bench.destination], bench.home)
    assert.equal(said, 'a.jpg (7 bytes so far)\n1 files backed up, 0 problems\n')
    assert.deepEqual(treeOf(bench.destination), { 'a.jpg': 'picture', 'older.jpg': 'kept' })
  })

  it('show what a sync would do', async () => {
    using bench = openPairBench()
    put(bench.source, 'a', 'text')
    const said = await runExample('dry-run', [bench.source, bench.destination], bench.home)
    assert.equal(said, 'destination: create a. It was changed on the source only.\n')
    assert.deepEqual(treeOf(bench.destination), {})
  })

  it('ask before they delete more than was said', async () => {
    using bench = openPairBench()
    for (const path of ['a', 'b', 'c']) put(bench.destination, path, path)
    const words = [bench.source, bench.destination]
    assert.match(await runExample('ask-first', [...words, '2'], bench.home), /^Not done: .* delete 3 /)
    assert.equal(Object.keys(treeOf(bench.destination)).length, 3)
    assert.equal(await runExample('ask-first', [...words, '3'], bench.home), '3 files deleted\n')
  })
})

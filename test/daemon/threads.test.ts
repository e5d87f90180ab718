/** The threads that list and hash: nobody waits for somebody else's large file. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { HashPartJob } from '../../daemon/blobs/hash-part.ts'
import { ThreadError, createThreads } from '../../daemon/daemon-threads.ts'
import type { ThreadPool } from '../../daemon/daemon-threads.ts'
import { fingerprintOf } from '../../daemon/disk/fingerprint.ts'
import type { HashJob, ListJob } from '../../daemon/disk/thread-jobs.ts'
import { makeTemporary } from '../disk/real-tree.ts'

const run = promisify(execFile)
const MIB = 1024 * 1024
const { signal } = new AbortController()

describe('the disk threads', () => {
  let threads: ThreadPool
  let root: string
  beforeEach(() => {
    threads = createThreads(1)
    root = makeTemporary()
  })
  afterEach(async () => {
    await threads[Symbol.asyncDispose]()
    rmSync(root, { recursive: true })
  })

  /** A file of zeros that takes no space. */
  const hashing = (name: string, sizeBytes: number): HashJob => {
    const path = join(root, name)
    writeFileSync(path, '')
    truncateSync(path, sizeBytes)
    return {
      kind: 'hash',
      root,
      files: [{ onDisk: name, fingerprint: fingerprintOf(statSync(path, { bigint: true })) }],
    }
  }
  const listing = (): ListJob => ({
    kind: 'list',
    root,
    holdsExecutableBit: true,
    hasPlaceholders: false,
    directories: [{ directory: '', onDisk: '' }],
  })

  it('list a directory while a large file is hashed', async () => {
    const ended: string[] = []
    const long = threads.run(hashing('large', 512 * MIB), { signal, isLong: true }).then(() => ended.push('hashed'))
    const quick = threads.run(listing(), { signal }).then(() => ended.push('listed'))
    await Promise.all([long, quick])
    assert.deepEqual(ended, ['listed', 'hashed'])
  })

  it('give jobs that stay near each other to one thread', async () => {
    await using pair = createThreads(2)
    const part = join(root, 'part')
    writeFileSync(part, Buffer.alloc(2 * MIB))
    const about = { kind: 'hash-part', part, name: 'it', isEnd: false } as const
    const [first, second]: [HashPartJob, HashPartJob] = [
      { ...about, from: 0, to: MIB },
      { ...about, from: MIB, to: 2 * MIB },
    ]
    assert.equal((await pair.run(first, { signal, near: 'it' })).kind, 'goes-on')
    // The thread that did it is the busier one now.
    const large = pair.run(hashing('large', 256 * MIB), { signal, isLong: true })
    const next = await pair.run(second, { signal, near: 'it' })
    await large
    assert.equal(next.kind, 'goes-on')
  })

  it('list a directory while more large files wait than there are threads', async () => {
    const ended: string[] = []
    const jobs = ['a', 'b', 'c', 'd'].map((name) =>
      threads.run(hashing(name, 64 * MIB), { signal, isLong: true }).then(() => ended.push('hashed')),
    )
    await Promise.all([...jobs, threads.run(listing(), { signal }).then(() => ended.push('listed'))])
    assert.equal(ended[0], 'listed')
  })

  it('stop at once hashing what nobody waits for any more', async () => {
    const end = new AbortController()
    // Hours of work: what comes after it would never be done.
    const hours = threads.run(hashing('endless', 2 ** 40), { signal: end.signal, isLong: true })
    await threads.run(listing(), { signal })
    end.abort(new Error('no more'))
    await assert.rejects(hours, /no more/)
    const [result] = await threads.run(hashing('next', 20 * MIB), { signal, isLong: true })
    assert.equal(result?.kind, 'hashed')
  })

  it('never begin a job that is cancelled while it waits', async () => {
    const end = new AbortController()
    const first = threads.run(hashing('first', 64 * MIB), { signal, isLong: true })
    const second = threads.run(hashing('endless', 2 ** 40), { signal: end.signal, isLong: true })
    end.abort(new Error('no more'))
    await assert.rejects(second, /no more/)
    assert.equal((await first)[0]?.kind, 'hashed')
    assert.equal((await threads.run(hashing('next', 20 * MIB), { signal, isLong: true }))[0]?.kind, 'hashed')
  })

  it('let the process end that has nothing else to do, whether they ever worked or not', async () => {
    const pool = new URL('../../daemon/daemon-threads.ts', import.meta.url).href
    const job = JSON.stringify(listing())
    for (const work of ['', `await pool.run(${job}, new AbortController())`]) {
      const script = `const { createThreads } = await import('${pool}'); const pool = createThreads(2); ${work}`
      await run(process.execPath, ['--eval', `void (async () => {${script}})()`], { timeout: 20_000 })
    }
  })

  it('go on after a job that fails', async () => {
    const broken = { ...listing(), root: 'a\0b' }
    await assert.rejects(threads.run(broken, { signal }), ThreadError)
    assert.equal((await threads.run(listing(), { signal }))[0]?.listing.state, 'listed')
  })

  it('refuse what is asked of them, and what waits, once they are closed', async () => {
    const waiting = ['a', 'b', 'c', 'd', 'e'].map((name) =>
      threads.run(hashing(name, 64 * MIB), { signal, isLong: true }),
    )
    const ends = Promise.allSettled(waiting)
    await threads[Symbol.asyncDispose]()
    for (const end of await ends) assert.ok(end.status === 'rejected' && end.reason instanceof ThreadError)
    await assert.rejects(threads.run(listing(), { signal }), ThreadError)
  })
})

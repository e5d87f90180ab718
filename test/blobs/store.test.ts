/** What only a real disk shows of a store: its files, what a crash leaves of them, and a full disk. */

import { onCalls } from '../disk/disk-calls.ts'
import assert from 'node:assert/strict'
import { existsSync, linkSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { openBlobStore } from '../../daemon/blobs/store.ts'
import { threadsHere } from '../threads-here.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import type { OpenedStore } from '../conformance/blob-store-bench.ts'
import {
  StoreBench,
  blobOf,
  bytesOf,
  crypto,
  hasCode,
  hashOf,
  sampleBlob,
  signal,
} from '../conformance/blob-store-bench.ts'

const current: { directory: string; bench?: StoreBench } = { directory: '' }
const bench = (): StoreBench => current.bench ?? assert.fail()
const at = (name: string): string => join(current.directory, name)
const open = (): ReturnType<typeof openBlobStore> =>
  openBlobStore({ directory: current.directory, crypto, threads: threadsHere })
const hello = bytesOf('hello')
const hash = hashOf(hello)

beforeEach(async () => {
  current.directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'holt-blobs-'))
  const opened: OpenedStore = {
    store: await open(),
    reopen: open,
    damagePart: () => undefined,
    spoil: () => undefined,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  current.bench = new StoreBench(opened)
})
afterEach(() => {
  rmSync(current.directory, { recursive: true })
})

describe('a store on the disk', () => {
  it('says where a blob lies, and which file it is', async () => {
    const { location, identity } = await bench().store.put(hash, hello, { signal })
    const { dev, ino } = statSync(at(hash), { bigint: true })
    assert.deepEqual([location, identity], [at(hash), `${dev}:${ino}`])
  })

  it('is made where it is missing, for nobody else', async () => {
    const directory = at('incoming')
    await openBlobStore({ directory, crypto, threads: threadsHere })
    assert.equal(statSync(directory).mode & 0o777, 0o700)
  })

  it('loses the temporary files of a crash when it is opened, and nothing else', async () => {
    await bench().store.put(hash, hello, { signal })
    writeFileSync(at(`${hash}.part`), 'half')
    writeFileSync(at(`${hash}.new-1`), 'half')
    writeFileSync(at('README'), 'mine')
    await open()
    assert.deepEqual(readdirSync(current.directory).sort(), [hash, `${hash}.part`, 'README'].sort())
    assert.deepEqual(await bench().listed(), [`${hash} 4 part`, `${hash} 5 whole`])
  })

  it('does not have a blob that has another name: an edit there would change it', async () => {
    await bench().store.put(hash, hello, { signal })
    linkSync(at(hash), at('placed'))
    assert.equal(await bench().store.stat(hash), undefined)
    const stored = await bench().store.put(hash, hello, { signal })
    assert.deepEqual(await bench().store.stat(hash), stored)
    assert.notEqual(statSync(at('placed')).ino, statSync(at(hash)).ino)
  })

  it('forgets when it is opened what a crash left of a placed blob', async () => {
    await bench().store.put(hash, hello, { signal })
    linkSync(at(hash), at('placed'))
    await open()
    assert.deepEqual(readdirSync(current.directory), ['placed'])
  })

  it('writes to no more than 16 files at once', async () => {
    let [now, most] = [0, 0]
    const slow = async function* (text: string): AsyncGenerator<Uint8Array> {
      most = Math.max(most, ++now)
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => void setImmediate(resolve))
      now -= 1
      yield bytesOf(text)
    }
    const texts = Array.from({ length: 60 }, (_, i) => `blob ${i}`)
    await Promise.all(texts.map((text) => bench().store.put(hashOf(bytesOf(text)), slow(text), { signal })))
    // How many come together is up to the machine; a bound that is not kept shows all sixty.
    assert.ok(most <= 16 && most > 4, `${most} at once`)
  })

  it('gives up a put that waits when that is aborted', async () => {
    const release: (() => void)[] = []
    const stuck = async function* (): AsyncGenerator<Uint8Array> {
      await new Promise<void>((resolve) => void release.push(resolve))
      yield hello
    }
    const first = Array.from({ length: 16 }, () => bench().store.put(hash, stuck(), { signal }))
    const [end, reason] = [new AbortController(), new Error('enough')]
    const last = bench().store.put(hash, stuck(), { signal: end.signal })
    end.abort(reason)
    while (release.length < 16) await new Promise((resolve) => void setImmediate(resolve))
    for (const each of release) each()
    await assert.rejects(last, reason)
    await Promise.all(first)
  })
})

async function receiveOne(): Promise<unknown> {
  await using incoming = await bench().receive(sampleBlob(5))
  return await incoming.write(0, sampleBlob(5).bytes)
}

describe('a full disk', () => {
  for (const [name, work] of [
    ['a put', () => bench().store.put(hash, hello, { signal })],
    ['a receive', () => receiveOne()],
  ] as const) {
    it(`is no-space for ${name} at any call, and leaves nothing that counts`, async () => {
      for (let n = 1; ; n++) {
        using calls = onCalls(({ no, name: call }) => (no === n && call !== 'lstat' ? { fails: 'ENOSPC' } : 'done'))
        const cause: unknown = await work().then(
          () => undefined,
          (thrown: unknown) => thrown,
        )
        if (calls.calls < n) {
          assert.ok(n > 1, `only ${n} calls`)
          return
        }
        if (cause !== undefined) assert.ok(hasCode('no-space')(cause), `call ${n}`)
        if (cause !== undefined && name === 'a put') assert.deepEqual(readdirSync(current.directory), [], `call ${n}`)
        await bench().store.delete(hash)
      }
    })
  }
})

describe('a part on the disk', () => {
  it('takes only the space of what has arrived', async () => {
    const blob = sampleBlob(64 * CHUNK_BYTES)
    await using incoming = await bench().receive(blob)
    await incoming.write(60, blob.chunk(60))
    const { blocks, size } = statSync(at(`${blob.ref.hash}.part`))
    assert.equal(size, 61 * CHUNK_BYTES)
    assert.ok(blocks * 512 < 3 * CHUNK_BYTES, `${blocks} blocks`)
  })

  it('is cut to the size of its blob', async () => {
    const blob = sampleBlob(7)
    writeFileSync(at(`${blob.ref.hash}.part`), 'x'.repeat(1000))
    await using incoming = await bench().receive(blob)
    assert.deepEqual(incoming.missing(), [0])
    await incoming.write(0, blob.chunk(0))
    assert.notEqual(await incoming.commit(), 'wrong')
    assert.equal(statSync(at(blob.ref.hash)).size, 7)
  })

  it('closes after the writes that are under way', async () => {
    const blob = sampleBlob(3 * CHUNK_BYTES)
    const incoming = await bench().receive(blob)
    const writing = [0, 1, 2].map((chunkNo) => incoming.write(chunkNo, blob.chunk(chunkNo)))
    await incoming[Symbol.asyncDispose]()
    assert.deepEqual(await Promise.all(writing), ['written', 'written', 'written'])
    await using again = await bench().receive(blob)
    assert.deepEqual(again.missing(), [])
    assert.notEqual(await again.commit(), 'wrong')
  })
})

describe('a sparse file', () => {
  const MIB = 1024 * 1024
  /** Three chunks: data, a hole that crosses chunks and has data in its middle, and a hole at the end. */
  const sparse = new Uint8Array(3 * MIB + 100)
  sparse.fill(7, 0, 200_000)
  sparse.fill(9, 1_900_000, 1_900_100)
  const room = (path: string): number => statSync(path).blocks * 512
  const blob = blobOf(sparse)

  it('stays sparse when it is received, in any order, and is whole all the same', async () => {
    const { store } = bench()
    await using incoming = await store.receive(blob.ref, blob.list, { signal })
    for (const chunkNo of [3, 1, 0, 2]) {
      const bytes = sparse.subarray(chunkNo * CHUNK_BYTES, (chunkNo + 1) * CHUNK_BYTES)
      assert.equal(await incoming.write(chunkNo, bytes), 'written')
    }
    assert.notEqual(await incoming.commit(), 'wrong')
    assert.deepEqual(new Uint8Array(readFileSync(at(blob.ref.hash))), sparse)
    assert.ok(room(at(blob.ref.hash)) < 600_000, `${room(at(blob.ref.hash))} bytes`)
  })

  it('stays sparse when it is copied on this device', async () => {
    const { store } = bench()
    const pieces = async function* (): AsyncGenerator<Uint8Array> {
      for (let from = 0; from < sparse.length; from += 262_144)
        yield await Promise.resolve(sparse.subarray(from, from + 262_144))
    }
    await store.put(blob.ref.hash, pieces(), { signal })
    assert.deepEqual(new Uint8Array(readFileSync(at(blob.ref.hash))), sparse)
    assert.ok(room(at(blob.ref.hash)) < 700_000, `${room(at(blob.ref.hash))} bytes`)
  })

  it('has zeros and no old bytes where a part was there before', async () => {
    const { store } = bench()
    writeFileSync(at(`${blob.ref.hash}.part`), new Uint8Array(sparse.length).fill(5))
    await using incoming = await store.receive(blob.ref, blob.list, { signal })
    for (const chunkNo of incoming.missing()) {
      await incoming.write(chunkNo, sparse.subarray(chunkNo * CHUNK_BYTES, (chunkNo + 1) * CHUNK_BYTES))
    }
    assert.notEqual(await incoming.commit(), 'wrong')
    assert.deepEqual(new Uint8Array(readFileSync(at(blob.ref.hash))), sparse)
  })
})

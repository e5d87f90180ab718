/** Pulling from honest holders: what lands, from whom, in which order, and how much is asked at a time. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import { BlobBench, FOLDER, OTHER } from './blob-bench.ts'

const MIB = 1024 * 1024

describe('a pull', () => {
  it('brings small, large and empty blobs into the store, and says so once each', async () => {
    await using bench = new BlobBench(1)
    const blobs = [0, 1, 5000, CHUNK_BYTES, CHUNK_BYTES + 1, 5 * CHUNK_BYTES + 77].map((size) => bench.blob(size))
    bench.holder('anna', blobs)
    bench.start()
    for (const blob of blobs) assert.ok(bench.want(blob))
    await bench.untilLanded(...blobs)
    assert.equal(bench.landed.length, blobs.length)
    assert.deepEqual([...bench.queue.wanted()], [])
    assert.deepEqual(bench.faults, [])
  })

  it('asks for small blobs in batches', async () => {
    await using bench = new BlobBench(2)
    const blobs = Array.from({ length: 1500 }, (_, i) => bench.blob(10 + (i % 50)))
    const anna = bench.holder('anna', blobs)
    bench.start()
    for (const blob of blobs) bench.want(blob)
    await bench.untilLanded(...blobs)
    assert.deepEqual(
      anna.asked.map((request) => (request.kind === 'get-many' ? request.hashes.length : 0)),
      [1024, 476],
    )
  })

  it('takes from several holders at once, each chunk once', async () => {
    await using bench = new BlobBench(3)
    const big = bench.blob(18 * CHUNK_BYTES)
    const holders = ['anna', 'ben', 'cleo'].map((name) => bench.holder(name, [big]))
    bench.start()
    await bench.world.runFor(10_000)
    bench.want(big)
    await bench.untilLanded(big)
    for (const { sentBytes } of holders) assert.ok(sentBytes >= 3 * CHUNK_BYTES, `${sentBytes} bytes from one holder`)
    assert.equal(
      holders.reduce((sum, { sentBytes }) => sum + sentBytes, 0),
      big.sizeBytes,
    )
  })

  it('lets a note overtake a huge file', async () => {
    await using bench = new BlobBench(4)
    const [huge, note, photo] = [bench.blob(20 * CHUNK_BYTES), bench.blob(300), bench.blob(2 * CHUNK_BYTES)]
    bench.holder('anna', [huge, note, photo])
    bench.start()
    bench.want(huge)
    await bench.until(() => (bench.queue.totals(FOLDER)?.bytesDone ?? 0) >= 2 * MIB, 'the huge file is on its way')
    bench.want(photo)
    bench.want(note)
    await bench.untilLanded(note)
    assert.ok((bench.queue.totals(FOLDER)?.bytesDone ?? 0) < 10 * MIB)
    await bench.untilLanded(photo)
    assert.ok(!bench.isLanded(huge))
    await bench.untilLanded(huge)
  })

  it('fetches a blob that two folders want once', async () => {
    await using bench = new BlobBench(5)
    const blobs = [bench.blob(100), bench.blob(3 * CHUNK_BYTES)]
    const anna = bench.holder('anna', blobs)
    bench.start()
    for (const blob of blobs) for (const folder of [FOLDER, OTHER]) bench.want(blob, folder)
    await bench.untilLanded(...blobs)
    for (const blob of blobs) bench.assertStored(blob, OTHER)
    assert.equal(bench.landed.length, 4)
    assert.equal(anna.sentBytes, 100 + 3 * CHUNK_BYTES)
  })

  it('asks nobody for what it no longer wants', async () => {
    await using bench = new BlobBench(6)
    const big = bench.blob(24 * CHUNK_BYTES)
    const anna = bench.holder('anna', [big])
    bench.start()
    bench.want(big)
    await bench.until(() => anna.sentBytes > 2 * MIB, 'some of it has come')
    bench.queue.unwant(FOLDER, big.hash)
    await bench.world.runFor(60_000)
    assert.ok(anna.asked.some(({ kind }) => kind === 'cancel'))
    assert.ok(anna.sentBytes < 20 * MIB, `${anna.sentBytes} bytes were sent`)
    assert.deepEqual(bench.landed, [])
    bench.want(big)
    await bench.untilLanded(big)
  })

  it('resumes: after the death of the program only what is missing is sent', async () => {
    await using bench = new BlobBench(7)
    const big = bench.blob(32 * CHUNK_BYTES)
    const anna = bench.holder('anna', [big])
    bench.start()
    bench.want(big)
    await bench.until(() => (bench.queue.totals(FOLDER)?.bytesDone ?? 0) >= 20 * MIB, 'most of it has come')
    const haveBytes = bench.queue.totals(FOLDER)?.bytesDone ?? 0
    bench.home.kill({ power: false })
    anna.sentBytes = 0
    bench.start()
    bench.want(big)
    await bench.untilLanded(big)
    assert.ok(anna.sentBytes <= big.sizeBytes - haveBytes, `${anna.sentBytes} bytes again`)
    assert.ok(anna.sentBytes > 0)
  })

  it('goes on with another holder when one goes offline, and waits when nobody is left', async () => {
    await using bench = new BlobBench(8)
    const big = bench.blob(32 * CHUNK_BYTES)
    const [anna, ben] = [bench.holder('anna', [big]), bench.holder('ben', [big])]
    bench.start()
    await bench.world.runFor(5_000)
    bench.want(big)
    await bench.until(() => anna.sentBytes > 2 * MIB && ben.sentBytes > 2 * MIB, 'both send')
    anna.device.kill({ power: false })
    await bench.until(() => ben.sentBytes > 16 * MIB, 'the other goes on')
    ben.device.kill({ power: true })
    await bench.until(() => bench.statusOf(big)?.state === 'waiting-for-holder', 'nobody is left')
    await bench.world.runFor(300_000)
    bench.startHolder(anna)
    await bench.untilLanded(big)
    assert.ok(anna.sentBytes + ben.sentBytes <= big.sizeBytes + 32 * MIB)
  })

  it('keeps no timer while nothing is wanted', async () => {
    await using bench = new BlobBench(9)
    const blob = bench.blob(10)
    bench.holder('anna', [blob])
    bench.start()
    bench.want(blob)
    await bench.untilLanded(blob)
    await bench.world.runFor(120_000)
    const turns = bench.world.scheduler.turns()
    await bench.world.runFor(3_600_000)
    assert.ok(bench.world.scheduler.turns() - turns < 10, 'an idle hour takes next to no turns')
  })
})

describe('the progress of a pull', () => {
  it('is told from batch start to batch done, and adds up', async () => {
    await using bench = new BlobBench(10)
    const blobs = [bench.blob(100), bench.blob(20 * CHUNK_BYTES)]
    bench.holder('anna', blobs)
    bench.start()
    for (const blob of blobs) bench.want(blob)
    await bench.untilLanded(...blobs)
    const kinds = bench.events.map(({ kind }) => kind)
    assert.equal(kinds[0], 'batch-start')
    assert.equal(kinds.at(-1), 'batch-done')
    assert.equal(kinds.filter((kind) => kind === 'file-start').length, 2)
    assert.equal(kinds.filter((kind) => kind === 'file-done').length, 2)
    const steps = bench.events.flatMap((event) => (event.kind === 'file-progress' ? [event.file] : []))
    assert.ok(steps.length > 0 && steps.length < 20)
    for (const file of steps) assert.ok(file.bytesDone <= file.bytesTotal && file.rate > 0 && file.etaMs !== null)
    const { total } = bench.events.at(-1) ?? assert.fail()
    assert.deepEqual([total.filesDone, total.filesTotal], [2, 2])
    assert.deepEqual([total.bytesDone, total.bytesTotal], [100 + 20 * CHUNK_BYTES, 100 + 20 * CHUNK_BYTES])
  })
})

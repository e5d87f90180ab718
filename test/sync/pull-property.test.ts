/** Whatever holders and disks do, what lands is right, and it does land once somebody honest can give it. */

import { describe, it } from 'node:test'
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import { scaled } from '../scale.ts'
import type { Holder, Known } from './blob-bench.ts'
import { BlobBench, flipped } from './blob-bench.ts'

const NAMES = ['anna', 'ben', 'cleo'] as const
const CORRUPTIBLE_FROM = 100

type Fault =
  | { readonly kind: 'changed' | 'missing' | 'edited' | 'healed' | 'killed' | 'cut' | 'reset'; readonly who: number }
  | { readonly kind: 'home-killed' | 'disk-full' | 'rewanted'; readonly who: number }

const aFault: fc.Arbitrary<Fault & { readonly atMs: number }> = fc.record({
  kind: fc.constantFrom(
    ...([
      'changed',
      'missing',
      'edited',
      'healed',
      'killed',
      'cut',
      'reset',
      'home-killed',
      'disk-full',
      'rewanted',
    ] as const),
  ),
  who: fc.nat(NAMES.length - 1),
  atMs: fc.integer({ min: 1000, max: 4000 }),
})
const aSize = fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 1, max: 5 * CHUNK_BYTES }))
const aRun = fc.record({
  seed: fc.nat(),
  sizes: fc.array(aSize, { minLength: 1, maxLength: 6 }),
  faults: fc.array(aFault, { maxLength: 8 }),
  /** Whether the third holder's frames are corrupted on their way: a peer that lies. */
  lies: fc.boolean(),
})

describe('pulls, whatever happens', () => {
  it('land the right bytes, and never from a liar that is banned', async () => {
    await fc.assert(
      fc.asyncProperty(aRun, async ({ seed, sizes, faults, lies }) => {
        await using bench = new BlobBench(seed, { network: { bytesPerSecond: 4_000_000 } })
        const blobs = sizes.map((size) => bench.blob(size))
        const holders = NAMES.map((name) => bench.holder(name, blobs))
        if (lies) lie(bench, holders[2] ?? assert.fail())
        bench.start()
        for (const blob of blobs) bench.want(blob)
        for (const fault of faults) bench.world.after(fault.atMs, () => act(bench, holders, blobs, fault))
        await bench.world.runFor(5_000)
        settle(bench, holders, blobs)
        await bench.untilLanded(...blobs)
        await checkBans(bench, holders[2] ?? assert.fail())
      }),
      { numRuns: scaled({ small: 40, full: 200 }) },
    )
  })
})

function lie(bench: BlobBench, liar: Holder): void {
  bench.world.network.corrupt = (from, frame) =>
    from === liar.device.id && frame.length > CORRUPTIBLE_FROM ? flipped(frame, frame.length - 1) : frame
}

function act(bench: BlobBench, holders: readonly Holder[], blobs: readonly Known[], { kind, who }: Fault): void {
  const holder = holders[who] ?? assert.fail()
  const { network } = bench.world
  switch (kind) {
    case 'changed':
    case 'missing':
      holder.manners.fault = kind
      return
    case 'edited':
      holder.manners.bytesOf = ({ bytes }) => (bytes.length > 0 ? flipped(bytes, bytes.length >> 1) : bytes)
      return
    case 'healed':
      heal(holder)
      return
    case 'killed':
      holder.device.kill({ power: true })
      return
    case 'cut':
      network.cut(bench.home.id, holder.device.id)
      return
    case 'reset':
      network.reset(bench.home.id, holder.device.id)
      return
    case 'home-killed':
      restart(bench, blobs)
      return
    case 'disk-full':
      bench.home.disk.faults = ({ name }) => (name === 'write' ? { kind: 'fail', code: 'ENOSPC' } : undefined)
      return
    case 'rewanted':
      for (const blob of blobs) if (!bench.isLanded(blob)) bench.want(blob)
  }
}

function restart(bench: BlobBench, blobs: readonly Known[]): void {
  bench.home.kill({ power: false })
  bench.start()
  for (const blob of blobs) if (!bench.isLanded(blob)) bench.want(blob)
}

function heal({ manners }: Holder): void {
  delete manners.fault
  delete manners.bytesOf
}

/** From here on everybody but the liar does as it should. */
function settle(bench: BlobBench, holders: readonly Holder[], blobs: readonly Known[]): void {
  bench.home.disk.faults = () => undefined
  for (const holder of holders) {
    heal(holder)
    if (holder.device.life === undefined) bench.startHolder(holder)
  }
  bench.world.network.healAll()
  for (const blob of blobs) if (!bench.isLanded(blob)) bench.want(blob)
}

/** Only the liar is ever banned; and as long as home remembers, it is asked for nothing, not even for what it alone has. */
async function checkBans(bench: BlobBench, liar: Holder): Promise<void> {
  for (const fault of bench.faults) {
    if (fault.kind === 'banned')
      assert.equal(fault.device, liar.device.id, `an honest holder was banned: ${fault.reason}`)
  }
  if (!bench.isBanned(liar.device.id)) return
  const own = bench.blob(10)
  liar.blobs.set(own.hash, own)
  bench.state(own, liar.device.id)
  bench.want(own)
  const askedBefore = liar.asked.length
  await bench.world.runFor(600_000)
  assert.equal(liar.asked.length, askedBefore)
}

/** Whose turn it is to send, when several devices want more than the limit lets through. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DeviceId } from '../../protocol/ids.ts'
import { deviceIdOf } from '../../protocol/ids.ts'
import { parseRateLimit } from '../../protocol/rate-limit.ts'
import { RateLine } from '../../daemon/sync/rate-line.ts'
import type { Sender } from '../../daemon/sync/send-gate.ts'
import { SendGate } from '../../daemon/sync/send-gate.ts'
import type { World } from '../sim/world.ts'
import { createWorld } from '../sim/world.ts'

const MIB = 1024 * 1024
const KIB = 1024
const { signal } = new AbortController()

interface Bench {
  readonly world: World
  readonly gate: SendGate
  readonly line: RateLine
  /** A stream that always has frames of a size to send. */
  greedy(no: number, frameBytes: number): { sentBytes: number; busy: number }
}

function bench(...rules: readonly string[]): Bench {
  const world = createWorld(1)
  return world.device('home').start(({ clock }) => {
    const line = new RateLine({ clock, localTime: () => ({ weekday: 0, minute: 0 }) })
    line.setLimits({ total: parseRateLimit(rules), devices: new Map() })
    const gate = new SendGate(line, clock, signal)
    const greedy: Bench['greedy'] = (no, frameBytes) => {
      const state = { sentBytes: 0, busy: 0 }
      const send = (): void => {
        const turn = gate.ask(sender)
        if (turn === 'busy') state.busy++
        if (turn !== 'go') return
        state.sentBytes += frameBytes
        gate.took(sender, frameBytes)
        queueMicrotask(send)
      }
      const sender: Sender = { device: device(no), wake: () => queueMicrotask(send) }
      queueMicrotask(send)
      return state
    }
    return { world, gate, line, greedy }
  })
}

function device(no: number): DeviceId {
  return deviceIdOf(new Uint8Array(32).fill(no))
}

describe('devices that want more than the limit', () => {
  it('get the same bytes, whatever the size of their frames, and together what the limit says', async () => {
    const { world, greedy } = bench('1MiB')
    const all = [greedy(1, MIB), greedy(2, 64 * KIB), greedy(3, 5 * KIB)]
    await world.runFor(60_000)
    const bytes = all.map(({ sentBytes }) => sentBytes)
    for (const each of bytes) assert.ok(Math.abs(each - 20 * MIB) <= 1.5 * MIB, String(bytes))
    assert.ok(all.every(({ busy }) => busy === 0))
  })

  it('get their share from the moment on when they come, and no more to make up for it', async () => {
    const { world, greedy } = bench('1MiB')
    const first = greedy(1, 256 * KIB)
    await world.runFor(60_000)
    const late = greedy(2, 256 * KIB)
    const before = first.sentBytes
    await world.runFor(20_000)
    assert.ok(Math.abs(late.sentBytes - 10 * MIB) <= MIB, `${late.sentBytes}`)
    assert.ok(Math.abs(first.sentBytes - before - 10 * MIB) <= MIB)
  })

  it('share as devices, not as streams', async () => {
    const { world, greedy } = bench('1MiB')
    const [one, more, other] = [greedy(1, 64 * KIB), greedy(1, 64 * KIB), greedy(2, 64 * KIB)]
    await world.runFor(30_000)
    assert.ok(Math.abs(one.sentBytes + more.sentBytes - other.sentBytes) <= MIB)
  })

  it('leave their turn when they end', async () => {
    const { world, gate, greedy } = bench('1MiB')
    const sender: Sender = { device: device(9), wake: () => undefined }
    assert.equal(gate.ask(sender), 'go')
    const other = greedy(1, 64 * KIB)
    await world.runFor(1000)
    assert.equal(other.sentBytes, 0)
    gate.leave(sender)
    await world.runFor(2000)
    assert.ok(other.sentBytes > MIB)
  })

  it('are told that it takes too long before their patience ends', async () => {
    const { world, greedy } = bench('10K')
    const all = Array.from({ length: 3 }, (_, i) => greedy(i, MIB))
    await world.runFor(60_000)
    assert.equal(
      all.reduce((sum, { sentBytes }) => sum + sentBytes, 0),
      MIB,
    )
    assert.ok(all.every(({ busy }) => busy >= 1))
  })

  it('wait for nothing any more when the limit is taken away', async () => {
    const { world, line, gate } = bench('10K')
    const woken: string[] = []
    const sender = (no: number, name: string): Sender => ({ device: device(no), wake: () => woken.push(name) })
    const [a, b] = [sender(1, 'a'), sender(2, 'b')]
    assert.equal(gate.ask(a), 'go')
    gate.took(a, 300_000)
    assert.equal(gate.ask(b), 'later')
    line.setLimits({ total: parseRateLimit(['none']), devices: new Map() })
    assert.ok(woken.includes('b'))
    assert.equal(gate.ask(b), 'go')
    await world.runFor(1000)
  })
})

/** Pairing under attack, and in misfortune: what somebody in between, a guesser or a lost connection can achieve. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encode } from '../../protocol/codec.ts'
import { CPACE_SHARE_BYTES } from '../../protocol/cpace.ts'
import { PAIR_CODE_LIFE_MS, PAIR_FRAME_BYTES_MAX } from '../../protocol/limits.ts'
import { decodePairMessage, encodePairMessage } from '../../protocol/pairing-messages.ts'
import type { PairMessage } from '../../protocol/pairing-messages.ts'
import { PAIR } from '../../protocol/protocols.ts'
import type { PeerStream } from '../../daemon/ports.ts'
import { GroupBench, namesOf } from './group-bench.ts'
import type { Peer } from './group-bench.ts'

const { signal } = new AbortController()

/** The kinds of the pairing messages that each device sends, from now on. */
function listenIn(bench: GroupBench): Map<string, PairMessage['kind'][]> {
  const heard = new Map<string, PairMessage['kind'][]>()
  bench.world.network.corrupt = (from, frame, protocol) => {
    if (protocol === PAIR) heard.set(from, [...(heard.get(from) ?? []), decodePairMessage(frame).kind])
    return frame
  }
  return heard
}

/** Passes frames on as they are, both ways, between two streams that it ended up in the middle of. */
async function relay(from: PeerStream, to: PeerStream): Promise<void> {
  for (let frame = await from.read({ signal }); frame !== undefined; frame = await from.read({ signal })) {
    await to.write(frame, { signal })
  }
  await to.close()
}

/** A joiner of its own making, which says what a test wants it to say. */
async function openRaw(bench: GroupBench, from: Peer, to: Peer): Promise<PeerStream> {
  return bench.wait(from.ports.transport.open(to.log.self, PAIR, { signal }))
}

describe('somebody in the middle of a pairing', () => {
  it('who relays every frame between two authenticated sessions makes both sides see a wrong code', async () => {
    const bench = new GroupBench('relay')
    const [anna, ben, mallory] = [await bench.start('anna'), await bench.start('ben'), await bench.start('mallory')]
    const { code, attempts } = await bench.invite(anna)
    mallory.ports.transport.handle(PAIR, async (victim) => {
      const onward = await mallory.ports.transport.open(anna.log.self, PAIR, { signal })
      await Promise.all([relay(victim, onward), relay(onward, victim)])
    })
    mallory.ports.transport.announce(code.nameplate)
    const joined = await bench.join(ben, code, { choose: () => mallory.log.self })
    assert.deepEqual(joined, { kind: 'wrong-code' })
    await bench.until(() => attempts.length > 0, 'word of the attempt')
    assert.deepEqual(attempts, [{ kind: 'wrong-code' }])
    for (const peer of [anna, ben, mallory]) assert.equal(peer.log.state.members.size, 1)
  })

  it('who answers a joiner without knowing the code is found out by its proof', async () => {
    const bench = new GroupBench('impostor')
    const [ben, mallory] = [await bench.start('ben'), await bench.start('mallory')]
    const { code } = await bench.invite(mallory)
    // A proof that is made up: mallory says that it believes the joiner, and hopes to be believed.
    bench.world.network.corrupt = (from, frame, protocol) => {
      const isProof = protocol === PAIR && from === mallory.log.self && decodePairMessage(frame).kind === 'proof'
      return isProof ? encodePairMessage({ kind: 'proof', tag: new Uint8Array(64) }) : frame
    }
    assert.deepEqual(await bench.join(ben, code), { kind: 'wrong-code' })
    assert.equal(ben.log.state.members.size, 1)
  })
})

describe('somebody who guesses codes', () => {
  it('never sees the proof of the inviter, to which it could compare guesses', async () => {
    const bench = new GroupBench('oracle')
    const [anna, mallory] = [await bench.start('anna'), await bench.start('mallory')]
    const { code } = await bench.invite(anna)
    const heard = listenIn(bench)
    const guess = { nameplate: code.nameplate, words: ['abandon', 'ability', 'able'] } as const
    assert.deepEqual(await bench.join(mallory, guess), { kind: 'wrong-code' })
    assert.deepEqual(heard.get(anna.log.self), ['hello', 'share', 'refusal'])
    assert.deepEqual(heard.get(mallory.log.self), ['hello', 'share', 'proof'])
  })

  it('who sends no group element, a frame out of turn or one that is too large gets nowhere, and spends no guess', async () => {
    const bench = new GroupBench('garbage')
    const [anna, mallory, ben] = [await bench.start('anna'), await bench.start('mallory'), await bench.start('ben')]
    const { code, attempts } = await bench.invite(anna)
    const hello = encodePairMessage({ kind: 'hello', nonce: new Uint8Array(16) })
    const share = { kind: 'share', share: new Uint8Array(CPACE_SHARE_BYTES), associated: introduction() } as const
    const openings = [
      [hello, encodePairMessage(share)],
      [hello, encodePairMessage({ ...share, associated: encode(['what']) })],
      [encodePairMessage({ kind: 'proof', tag: new Uint8Array(64) })],
      [Uint8Array.of(0xff)],
    ]
    for (const [i, frames] of openings.entries()) {
      const stream = await openRaw(bench, mallory, anna)
      for (const frame of frames) await bench.wait(stream.write(frame, { signal }))
      await bench.until(() => attempts.length > i, 'word of the attempt')
      assert.equal(attempts[i]?.kind, 'broken', `opening ${i}`)
      await bench.world.runFor(1_000)
    }
    const large = await openRaw(bench, mallory, anna)
    await bench.wait(large.write(hello, { signal }))
    const oversized = encodePairMessage({ ...share, associated: new Uint8Array(PAIR_FRAME_BYTES_MAX) })
    await bench.wait(large.write(oversized, { signal }))
    await bench.until(() => attempts.length > openings.length, 'word of the attempt')
    assert.deepEqual(attempts.at(-1), { kind: 'broken', detail: 'a pairing frame is too large' })
    assert.equal((await bench.join(ben, code)).kind, 'paired')
  })
})

describe('a pairing that is cut short', () => {
  it('by the end of the life of its code goes on, once the joiner has proved to know it', async () => {
    const bench = new GroupBench('late')
    const [anna, ben] = [await bench.start('anna'), await bench.start('ben')]
    const invitation = await bench.invite(anna)
    await bench.world.runFor(PAIR_CODE_LIFE_MS - 2_500)
    bench.world.network.corrupt = (_, frame, protocol) => {
      if (protocol === PAIR && decodePairMessage(frame).kind === 'welcome') {
        bench.world.network.cut(anna.log.self, ben.log.self)
        bench.world.after(4_000, () => {
          bench.world.network.heal(anna.log.self, ben.log.self)
        })
      }
      return frame
    }
    assert.equal((await bench.join(ben, invitation.code)).kind, 'paired')
    assert.equal((await bench.wait(invitation.result)).kind, 'paired')
    assert.ok(bench.world.scheduler.nowMs() > PAIR_CODE_LIFE_MS)
  })

  it('after the newcomer has joined is made up for at the next exchange', async () => {
    const bench = new GroupBench('lost word')
    const [anna, ben] = [await bench.start('anna'), await bench.start('ben')]
    const invitation = await bench.invite(anna)
    let isCut = false
    bench.world.network.corrupt = (_, frame, protocol) => {
      if (protocol === PAIR && !isCut && decodePairMessage(frame).kind === 'done') {
        isCut = true
        bench.world.network.reset(anna.log.self, ben.log.self)
      }
      return frame
    }
    assert.equal((await bench.join(ben, invitation.code)).kind, 'paired')
    const invited = await bench.wait(invitation.result)
    assert.ok(isCut)
    assert.equal(invited.kind, 'lost')
    await bench.untilInStep(anna, ben)
    assert.deepEqual(namesOf(anna.log), ['anna', 'ben'])
  })

  it('before the newcomer has joined leaves both as they were, and another code pairs them', async () => {
    const bench = new GroupBench('lost welcome')
    const [anna, ben] = [await bench.start('anna'), await bench.start('ben')]
    const invitation = await bench.invite(anna)
    bench.world.network.corrupt = (_, frame, protocol) => {
      if (protocol === PAIR && decodePairMessage(frame).kind === 'welcome') {
        bench.world.network.cut(anna.log.self, ben.log.self)
      }
      return frame
    }
    assert.equal((await bench.join(ben, invitation.code)).kind, 'lost')
    assert.equal((await bench.wait(invitation.result)).kind, 'lost')
    assert.deepEqual([namesOf(anna.log), namesOf(ben.log)], [['anna'], ['ben']])
    bench.world.network.corrupt = (_, frame) => frame
    bench.world.network.heal(anna.log.self, ben.log.self)
    await bench.pair(anna, ben)
  })

  it('does not take a log that is not of the group that was spoken of, or does not add the newcomer', async () => {
    const bench = new GroupBench('false welcome')
    const [anna, ben, eve] = [await bench.start('anna'), await bench.start('ben'), await bench.start('eve')]
    const others = eve.log.ops.map(({ signed }) => signed)
    const own = anna.log.ops.map(({ signed }) => signed)
    for (const ops of [others, own]) {
      const invitation = await bench.invite(anna)
      bench.world.network.corrupt = (_, frame, protocol) =>
        protocol === PAIR && decodePairMessage(frame).kind === 'welcome'
          ? encodePairMessage({ kind: 'welcome', ops, isLast: true })
          : frame
      assert.equal((await bench.join(ben, invitation.code)).kind, 'broken')
      await bench.wait(invitation.result)
      assert.deepEqual(namesOf(ben.log), ['ben'])
    }
  })
})

describe('a device that was removed', () => {
  it('cannot be paired with the group again under its old key', async () => {
    const bench = new GroupBench('removed')
    const [anna, ben, cleo] = [await bench.start('anna'), await bench.start('ben'), await bench.start('cleo')]
    await bench.pair(anna, ben)
    await bench.pair(anna, cleo)
    await bench.untilInStep(anna, ben, cleo)
    bench.world.network.isolate(ben.log.self)
    assert.equal(await bench.wait(anna.log.remove(ben.log.self, true)), 'allowed')
    bench.world.network.rejoin(ben.log.self)
    const { code, attempts } = await bench.invite(anna)
    assert.deepEqual(await bench.join(ben, code), { kind: 'was-removed', device: ben.log.self })
    await bench.until(() => attempts.length > 0, 'word of the attempt')
    assert.deepEqual(attempts, [{ kind: 'was-removed', device: ben.log.self }])
  })
})

function introduction(): Uint8Array {
  return encode(['mallory', 'linux', new Uint8Array(32), new Uint8Array(32), 'group', 0])
}

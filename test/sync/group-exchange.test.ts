/** Group logs among simulated devices: how what one does reaches the others, and whom they listen to. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeGroupMessage, encodeGroupMessage } from '../../protocol/group-messages.ts'
import type { GroupMessage } from '../../protocol/group-messages.ts'
import type { Signed } from '../../protocol/crypto.ts'
import { STRANGER_GROUP_BYTES_MAX } from '../../protocol/limits.ts'
import { GROUP, META } from '../../protocol/protocols.ts'
import type { PeerStream } from '../../daemon/ports.ts'
import { exchangeGroup } from '../../daemon/sync/group-exchange.ts'
import { openGroupLog } from '../../daemon/sync/found-group.ts'
import { forgetGroup } from '../../daemon/sync/group-file.ts'
import type { GroupLog } from '../../daemon/sync/group-log.ts'
import { hasCode } from '../../daemon/sync/deadline.ts'
import { signerOf } from '../core/group-script.ts'
import { GroupBench, fakeRecovery, folderRecord, namesOf } from './group-bench.ts'
import type { Peer } from './group-bench.ts'

const { signal } = new AbortController()

async function three(bench: GroupBench): Promise<[Peer, Peer, Peer]> {
  const [anna, ben, cleo] = [await bench.start('anna'), await bench.start('ben'), await bench.start('cleo')]
  await bench.pair(anna, ben)
  await bench.pair(ben, cleo)
  return [anna, ben, cleo]
}

describe('a group log among devices', () => {
  it('tells all three of a device that paired with only one of them', async () => {
    const bench = new GroupBench('three')
    const [anna, ben, cleo] = await three(bench)
    await bench.untilInStep(anna, ben, cleo)
    for (const { log } of [anna, ben, cleo]) assert.deepEqual(namesOf(log), ['anna', 'ben', 'cleo'])
    assert.equal(anna.log.state.members.get(cleo.log.self)?.addedBy, ben.log.self)
  })

  it('takes in a newcomer whose inviter sleeps', async () => {
    const bench = new GroupBench('asleep')
    const [anna, ben, cleo] = [await bench.start('anna'), await bench.start('ben'), await bench.start('cleo')]
    await bench.pair(anna, ben)
    bench.world.network.cut(anna.log.self, ben.log.self)
    bench.world.network.cut(anna.log.self, cleo.log.self)
    await bench.pair(ben, cleo)
    ben.device.suspend()
    bench.world.network.heal(anna.log.self, cleo.log.self)
    await bench.until(() => anna.log.isMember(cleo.log.self), 'the newcomer to be taken in')
    await bench.untilInStep(anna, cleo)
    const heard = anna.exchanges.filter(({ device, wasMember }) => device === cleo.log.self && !wasMember)
    assert.ok(heard.some(({ result }) => result.kind === 'in-step'))
  })

  it('brings together what was done on both sides of a cut', async () => {
    const bench = new GroupBench('cut')
    const [anna, ben, cleo] = await three(bench)
    await bench.untilInStep(anna, ben, cleo)
    bench.world.network.isolate(anna.log.self)
    await bench.wait(anna.log.rename('annabel'))
    await bench.wait(anna.log.setFolder(folderRecord('Photos', 1)))
    await bench.wait(cleo.log.rename('cleopatra'))
    await bench.wait(ben.log.setFolder(folderRecord('Notes', 2)))
    bench.world.network.rejoin(anna.log.self)
    await bench.untilInStep(anna, ben, cleo)
    assert.deepEqual(namesOf(ben.log), ['annabel', 'ben', 'cleopatra'])
    assert.equal(cleo.log.state.folders.size, 2)
  })

  it('ends the same everywhere when two remove each other on both sides of a cut', async () => {
    const bench = new GroupBench('duel')
    const [anna, ben, cleo] = await three(bench)
    await bench.untilInStep(anna, ben, cleo)
    bench.world.network.isolate(ben.log.self)
    await bench.wait(ben.log.remove(cleo.log.self, false))
    await bench.wait(anna.log.remove(ben.log.self, false))
    bench.world.network.rejoin(ben.log.self)
    await bench.world.runFor(60_000)
    for (const { log } of [anna, cleo]) assert.deepEqual(namesOf(log), ['anna', 'cleo'])
    const word = ben.exchanges.map(({ result }) => result.kind)
    assert.ok(word.includes('removed'), `ben heard ${word.join()}`)
  })

  it('reaches everyone at once when it grows, without anybody asking', async () => {
    const bench = new GroupBench('push')
    const [anna, ben, cleo] = await three(bench)
    await bench.untilInStep(anna, ben, cleo)
    await bench.world.runFor(10_000)
    await bench.wait(cleo.log.setFolder(folderRecord('Photos', 1)))
    await bench.until(() => anna.log.state.folders.size + ben.log.state.folders.size === 2, 'the folder', 1_000)
  })

  it('sends only what the other lacks', async () => {
    const bench = new GroupBench('frugal')
    const [anna, ben] = [await bench.start('anna'), await bench.start('ben')]
    await bench.pair(anna, ben)
    for (let i = 1; i <= 40; i++) await bench.wait(anna.log.setFolder(folderRecord(`Folder ${i}`, i)))
    await bench.untilInStep(anna, ben)
    bench.world.network.cut(anna.log.self, ben.log.self)
    await bench.wait(anna.log.rename('annabel'))
    await bench.wait(ben.log.rename('benjamin'))
    const before = ben.exchanges.length
    bench.world.network.heal(anna.log.self, ben.log.self)
    await bench.untilInStep(anna, ben)
    await bench.world.runFor(5_000)
    const results = ben.exchanges.slice(before).map(({ result }) => result)
    const moved = results.map((result) => (result.kind === 'in-step' ? result.received + result.sent : 0))
    assert.ok(Math.max(...moved) <= 4, `${moved.join()} operations moved`)
  })
})

describe('a device whose disk is full', () => {
  it('says so, and catches up when there is room again', async () => {
    const bench = new GroupBench('full')
    const [anna, ben] = [await bench.start('anna'), await bench.start('ben')]
    await bench.pair(anna, ben)
    await bench.untilInStep(anna, ben)
    const { state } = ben.ports
    const write = state.write.bind(state)
    bench.world.network.cut(anna.log.self, ben.log.self)
    await bench.wait(anna.log.rename('annabel'))
    state.write = () => Promise.reject(new Error('no space'))
    bench.world.network.heal(anna.log.self, ben.log.self)
    await bench.until(() => ben.failures.length > 1, 'word of the full disk')
    assert.match(ben.failures[0] ?? '', /no space/)
    assert.deepEqual(namesOf(ben.log), ['anna', 'ben'])
    state.write = write
    await bench.untilInStep(anna, ben)
    assert.deepEqual(namesOf(ben.log), ['annabel', 'ben'])
  })
})

describe('a device that is removed', () => {
  it('is cut off at once, on every device that hears of it', async () => {
    const bench = new GroupBench('cut off')
    const [anna, ben, cleo] = await three(bench)
    await bench.untilInStep(anna, ben, cleo)
    await bench.until(() => [anna, ben].every((peer) => isConnected(peer, cleo)), 'connections')
    const accepted = Promise.withResolvers<PeerStream>()
    ben.ports.transport.handle(META, async (stream) => {
      accepted.resolve(stream)
      await new Promise(() => undefined)
    })
    await bench.wait(cleo.ports.transport.open(ben.log.self, META, { signal }))
    const stream = await bench.wait(accepted.promise)
    await bench.wait(anna.log.remove(cleo.log.self, true))
    await bench.until(() => !ben.log.isMember(cleo.log.self), 'the removal to arrive', 1_000)
    await assert.rejects(bench.wait(stream.read({ signal }), 1_000), (cause) => hasCode(cause, 'gone'))
    await assert.rejects(bench.wait(ben.ports.transport.open(cleo.log.self, META, { signal })), (cause) =>
      hasCode(cause, 'offline', 'refused'),
    )
  })

  it('is told so when it comes back, and nothing else', async () => {
    const bench = new GroupBench('told')
    const [anna, ben, cleo] = await three(bench)
    await bench.untilInStep(anna, ben, cleo)
    bench.world.network.isolate(cleo.log.self)
    await bench.wait(anna.log.remove(cleo.log.self, true))
    await bench.wait(anna.log.setFolder(folderRecord('Secret', 1)))
    bench.world.network.rejoin(cleo.log.self)
    await bench.until(() => cleo.exchanges.some(({ result }) => result.kind === 'removed'), 'the word')
    assert.equal(cleo.log.state.folders.size, 0)
    assert.equal(anna.log.state.members.size, 2)
  })

  it('leaves of its own will: the others hear it, and it begins anew with another key', async () => {
    const bench = new GroupBench('leave')
    const [anna, ben, cleo] = await three(bench)
    await bench.untilInStep(anna, ben, cleo)
    await bench.until(() => [anna, ben].every((peer) => isConnected(peer, cleo)), 'connections')
    assert.equal(await bench.wait(cleo.log.leave()), 'left')
    assert.equal(cleo.log.standing, 'left')
    await bench.wait(cleo.keeper.tellEveryone({ signal }))
    for (const { log } of [anna, ben]) assert.deepEqual(namesOf(log), ['anna', 'ben'])
    assert.equal(await bench.wait(cleo.log.leave()), 'left')
    const group = cleo.log.groupId
    await bench.wait(forgetGroup(cleo.ports.state))
    const afresh = await bench.wait(openAfresh(cleo, 'cleo again'))
    assert.notEqual(afresh.groupId, group)
    assert.deepEqual([namesOf(afresh), afresh.state.folders.size], [['cleo again'], 1])
  })
})

/** The log of the next life, with a new key; the folders that it holds come along. */
function openAfresh({ ports }: Peer, name: string): Promise<GroupLog> {
  const { state: files, clock, crypto, random } = ports
  const founding = { groupName: name, deviceName: name, exchangeKey: new Uint8Array(32), random }
  return openGroupLog(
    { files, clock, crypto, signer: signerOf(name) },
    { ...founding, createRecovery: fakeRecovery, folders: [folderRecord('Photos', 1)] },
  )
}

function isConnected(from: Peer, to: Peer): boolean {
  return from.exchanges.some(({ device }) => device === to.log.self)
}

/** A conversation of a test's own making. */
class Raw {
  readonly #bench: GroupBench
  readonly #stream: PeerStream

  constructor(bench: GroupBench, stream: PeerStream) {
    this.#bench = bench
    this.#stream = stream
  }

  static async open(bench: GroupBench, from: Peer, to: Peer): Promise<Raw> {
    return new Raw(bench, await bench.wait(from.ports.transport.open(to.log.self, GROUP, { signal })))
  }

  say(message: GroupMessage): Promise<void> {
    return this.#bench.wait(this.#stream.write(encodeGroupMessage(message), { signal }))
  }

  async hear(): Promise<GroupMessage> {
    const frame = await this.#bench.wait(this.#stream.read({ signal }))
    assert.ok(frame)
    return decodeGroupMessage(frame)
  }
}

const signedOps = (peer: Peer): Signed[] => peer.log.ops.map(({ signed }) => signed)

describe('a stranger', () => {
  const helloOf = (peer: Peer): GroupMessage => ({ kind: 'hello', group: peer.log.groupId, heads: [], samples: [] })

  it('gets no operation, and is not let in by a log that does not make it a member', async () => {
    const bench = new GroupBench('stranger')
    const [anna, eve] = [await bench.start('anna'), await bench.start('eve')]
    const raw = await Raw.open(bench, eve, anna)
    await raw.say(helloOf(anna))
    assert.equal((await raw.hear()).kind, 'hello')
    await raw.say({ kind: 'ops', ops: signedOps(anna), isLast: true })
    assert.deepEqual(await raw.hear(), { kind: 'refusal', reason: 'stranger' })
    assert.deepEqual(anna.exchanges.at(-1)?.result, { kind: 'stranger' })
  })

  it('of another group is told so, and learns nothing of ours', async () => {
    const bench = new GroupBench('foreign')
    const [anna, eve] = [await bench.start('anna'), await bench.start('eve')]
    assert.deepEqual(await bench.wait(exchange(eve, anna)), { kind: 'foreign' })
  })

  it('cannot add itself with an operation of its own making', async () => {
    const bench = new GroupBench('forged')
    const [anna, eve] = [await bench.start('anna'), await bench.start('eve')]
    const record = { device: eve.log.self, exchangeKey: new Uint8Array(32), name: 'eve', role: 'admin' } as const
    const forged = eve.log.signAddition(record, new Uint8Array(32))
    const raw = await Raw.open(bench, eve, anna)
    await raw.say(helloOf(anna))
    await raw.hear()
    await raw.say({ kind: 'ops', ops: [...signedOps(anna), forged.signed], isLast: true })
    await bench.until(() => anna.exchanges.length > 0, 'the end of it')
    assert.equal(anna.exchanges[0]?.result.kind, 'broken')
    assert.deepEqual(namesOf(anna.log), ['anna'])
  })

  it('is heard for five seconds', async () => {
    const bench = new GroupBench('slow')
    const [anna, eve] = [await bench.start('anna'), await bench.start('eve')]
    const raw = await Raw.open(bench, eve, anna)
    const begun = bench.world.scheduler.nowMs()
    await raw.say(helloOf(anna))
    await bench.until(() => anna.exchanges.length > 0, 'the end of patience')
    assert.equal(anna.exchanges[0]?.result.kind, 'offline')
    const patience = bench.world.scheduler.nowMs() - begun
    assert.ok(patience > 4_900 && patience < 5_100, `${patience} ms`)
  })

  it('is heard while no other is', async () => {
    const bench = new GroupBench('two strangers')
    const [anna, eve, mallory] = [await bench.start('anna'), await bench.start('eve'), await bench.start('mallory')]
    await (await Raw.open(bench, eve, anna)).say(helloOf(anna))
    const second = await Raw.open(bench, mallory, anna)
    assert.deepEqual(await second.hear(), { kind: 'refusal', reason: 'busy' })
    await bench.until(() => anna.exchanges.length > 0, 'the end of patience')
    assert.deepEqual(await (await Raw.open(bench, mallory, anna)).hear(), { kind: 'refusal', reason: 'busy' })
    await bench.world.runFor(1_100)
    const third = await Raw.open(bench, mallory, anna)
    await third.say(helloOf(anna))
    assert.equal((await third.hear()).kind, 'hello')
  })

  it('is heard up to 256 KiB', async () => {
    const bench = new GroupBench('large')
    const [anna, eve] = [await bench.start('anna'), await bench.start('eve')]
    const raw = await Raw.open(bench, eve, anna)
    await raw.say(helloOf(anna))
    await raw.hear()
    const op: Signed = { body: new Uint8Array(16_000), signature: new Uint8Array(64) }
    for (let bytes = 0; bytes <= STRANGER_GROUP_BYTES_MAX; bytes += 10 * 16_000) {
      await raw.say({ kind: 'ops', ops: Array.from({ length: 10 }, () => op), isLast: false })
    }
    await bench.until(() => anna.exchanges.length > 0, 'the end of it')
    const { result } = anna.exchanges[0] ?? assert.fail()
    assert.ok(result.kind === 'broken' && /more group operations/.test(result.detail), JSON.stringify(result))
  })
})

function exchange(from: Peer, to: Peer): ReturnType<typeof exchangeGroup> {
  const { transport, clock } = from.ports
  return exchangeGroup({ transport, clock, log: from.log }, to.log.self, { signal })
}

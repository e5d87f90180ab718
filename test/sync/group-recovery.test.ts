/** Removals, roles and the recovery words among simulated devices, with the network cut in between. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Signer } from '../../protocol/crypto.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { openGroupLog } from '../../daemon/sync/found-group.ts'
import { decodeGroupLog, encodeGroupLog, forgetGroup } from '../../daemon/sync/group-file.ts'
import type { RecoveryPorts, WordsVerdict } from '../../daemon/sync/group-recovery.ts'
import { chooseCopies, promoteByWords, removeByWords, restoreMembership } from '../../daemon/sync/group-recovery.ts'
import { scaled } from '../scale.ts'
import { crypto, outline, signerOf } from '../core/group-script.ts'
import { GroupBench, fakeRecovery, namesOf, wordsOf } from './group-bench.ts'
import type { Peer } from './group-bench.ts'

async function three(bench: GroupBench): Promise<[Peer, Peer, Peer]> {
  const [anna, ben, cleo] = [await bench.start('anna'), await bench.start('ben'), await bench.start('cleo')]
  await bench.pair(anna, ben)
  await bench.pair(ben, cleo)
  await bench.untilInStep(anna, ben, cleo)
  return [anna, ben, cleo]
}

const portsOf = ({ log, ports }: Peer): RecoveryPorts => ({ log, clock: ports.clock, crypto })
const removeLost = (bench: GroupBench, peer: Peer, words: Signer, device: DeviceId): Promise<WordsVerdict> =>
  bench.wait(removeByWords(portsOf(peer), words, { device, isLost: true, sinceMs: null }))
const recordOf = ({ log, pair }: Peer) =>
  ({ device: log.self, exchangeKey: pair.exchangeKey, name: 'fresh', role: 'admin' }) as const

describe('a device that was removed while it was away', () => {
  it('is shown the operation that removed it, and stays out also after a restart; nothing else of the group reaches it', async () => {
    const bench = new GroupBench('shown')
    const [anna, , cleo] = await three(bench)
    bench.world.network.isolate(cleo.log.self)
    await bench.wait(anna.log.remove(cleo.log.self, true))
    await bench.wait(anna.log.rename('a secret'))
    bench.world.network.rejoin(cleo.log.self)
    await bench.until(() => cleo.log.standing === 'removed', 'the word')
    assert.equal(cleo.log.removal?.by, anna.log.self)
    assert.equal(cleo.log.removal.isLost, true)
    assert.deepEqual(namesOf(cleo.log), ['anna', 'ben', 'cleo'])
    await assert.rejects(bench.wait(cleo.log.rename('c')), { code: 'not-a-member' })
    const { state: files, clock, signer, random } = cleo.ports
    const founding = { groupName: '', deviceName: '', exchangeKey: new Uint8Array(32), random, folders: [] }
    const again = await bench.wait(
      openGroupLog({ files, clock, crypto, signer }, { ...founding, createRecovery: fakeRecovery }),
    )
    assert.equal(again.standing, 'removed')
  })

  it('does not believe a junior, a member, or a word about another device', async () => {
    const bench = new GroupBench('disbelief')
    const [anna, ben, cleo] = await three(bench)
    await bench.wait(anna.log.setRole(ben.log.self, 'member'))
    await bench.untilInStep(anna, ben, cleo)
    const draft = { group: anna.log.groupId, prev: anna.log.state.heads, hlc: { ms: 9e12, counter: 0 } }
    const { sealOp } = await import('../../protocol/group.ts')
    const said = (by: Peer, device: DeviceId) =>
      sealOp({ ...draft, change: { kind: 'remove', device, isLost: false } }, by.ports.signer, crypto).signed
    for (const [listener, word] of [
      [anna, said(cleo, anna.log.self)],
      [cleo, said(ben, cleo.log.self)],
      [cleo, said(anna, ben.log.self)],
    ] as const) {
      assert.equal(await bench.wait(listener.log.noteRemoval([word])), false)
      assert.equal(listener.log.standing, 'member')
    }
    assert.equal(await bench.wait(cleo.log.noteRemoval([said(anna, cleo.log.self)])), true)
  })

  it('pairs again only under a new identity', async () => {
    const bench = new GroupBench('new identity')
    const [anna, ben, cleo] = await three(bench)
    await bench.wait(anna.log.remove(cleo.log.self, false))
    await bench.until(() => cleo.log.standing === 'removed', 'the word')
    const invitation = await bench.invite(ben)
    assert.deepEqual(await bench.join(cleo, invitation.code), { kind: 'not-a-member' })
    invitation.cancel()
    await bench.wait(invitation.result)
    await bench.wait(forgetGroup(cleo.ports.state))
    const fresh = await bench.start('cleo with another key')
    await bench.pair(ben, fresh)
    await bench.untilInStep(anna, ben, fresh)
    assert.deepEqual(namesOf(anna.log), ['anna', 'ben', 'cleo with another key'])
    assert.ok(anna.log.state.removed.has(cleo.log.self))
  })
})

describe('the recovery words', () => {
  it('win against the thief of the first device, that removed everybody and was believed', async () => {
    const bench = new GroupBench('thief')
    const [anna, ben, cleo] = await three(bench)
    const words = await wordsOf(bench, anna)
    await bench.world.runFor(48 * 3_600_000)
    // The thief's device is cut off from the others while it removes them; then each meets it, and hears that it is out.
    bench.world.network.cut(ben.log.self, cleo.log.self)
    await bench.wait(anna.log.remove(cleo.log.self, false))
    await bench.wait(anna.log.remove(ben.log.self, true))
    await bench.until(() => ben.log.standing === 'removed' && cleo.log.standing === 'removed', 'both to be out')
    assert.deepEqual(await removeLost(bench, ben, signerOf('nobody'), anna.log.self), { kind: 'wrong-words' })
    assert.equal((await removeLost(bench, ben, words, anna.log.self)).kind, 'done')
    assert.equal(ben.log.standing, 'member')
    bench.world.network.heal(ben.log.self, cleo.log.self)
    await bench.until(() => cleo.log.standing === 'member' && !cleo.log.isMember(anna.log.self), 'the words to win')
    await bench.untilInStep(ben, cleo)
    for (const { log } of [ben, cleo]) assert.deepEqual(namesOf(log), ['ben', 'cleo'])
  })

  it('make a fresh device an admin of the group from a copy of its log alone, and the others take it in', async () => {
    const bench = new GroupBench('fresh')
    const [anna, ben, cleo] = await three(bench)
    const words = await wordsOf(bench, anna)
    const copy = encodeGroupLog(anna.log.ops)
    await bench.wait(ben.log.rename('benjamin'))
    await bench.untilInStep(anna, ben, cleo)
    for (const peer of [anna, ben, cleo]) bench.world.network.isolate(peer.log.self)
    const fresh = await bench.start('fresh')
    const foundling = chooseCopies([decodeGroupLog(copy, crypto)], words.device)
    assert.ok(foundling.kind === 'found')
    const restored = await bench.wait(restoreMembership(portsOf(fresh), words, foundling.graph, recordOf(fresh)))
    assert.equal(restored.kind, 'restored')
    assert.equal(fresh.log.groupId, anna.log.groupId)
    assert.equal(fresh.log.state.members.get(fresh.log.self)?.role, 'admin')
    assert.deepEqual(namesOf(fresh.log), ['anna', 'ben', 'cleo', 'fresh'], 'the copy is older than what was renamed')
    bench.world.network.rejoin(ben.log.self)
    await bench.untilInStep(ben, fresh)
    assert.deepEqual(namesOf(ben.log), ['anna', 'benjamin', 'cleo', 'fresh'])
  })

  it('open no copy of another group, none that is damaged, and neither of two that both claim to be theirs', async () => {
    const bench = new GroupBench('copies')
    const [anna, eve] = [await bench.start('anna'), await bench.start('eve')]
    const words = await wordsOf(bench, anna)
    const [own, foreign] = [anna, eve].map((peer) => decodeGroupLog(encodeGroupLog(peer.log.ops), crypto))
    assert.ok(own && foreign)
    assert.deepEqual(chooseCopies([foreign], words.device), { kind: 'none' })
    assert.equal(chooseCopies([foreign, own, own], words.device).kind, 'found')
    const bytes = encodeGroupLog(anna.log.ops)
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    assert.throws(() => decodeGroupLog(bytes, crypto), { code: 'bad-signature' })
    const { genesis } = foreign
    assert.ok(genesis.change.kind === 'genesis')
    const change = { ...genesis.change, recovery: words.device }
    const forged = { ...foreign, genesis: { ...genesis, change } }
    assert.deepEqual(chooseCopies([own, forged], words.device), { kind: 'two-groups' })
  })

  it('make a member an admin that every admin has demoted', async () => {
    const bench = new GroupBench('promoted')
    const [anna, ben, cleo] = await three(bench)
    const words = await wordsOf(bench, anna)
    assert.equal(await bench.wait(anna.log.setRole(ben.log.self, 'member')), 'allowed')
    await bench.untilInStep(anna, ben, cleo)
    assert.equal(await bench.wait(ben.log.remove(cleo.log.self, false)), 'not-admin')
    await bench.wait(promoteByWords(portsOf(ben), words))
    assert.equal(await bench.wait(ben.log.remove(cleo.log.self, false)), 'allowed')
    await bench.untilInStep(anna, ben)
    assert.deepEqual(namesOf(anna.log), ['anna', 'ben'])
  })

  it('do not throw the device out that uses them', async () => {
    const bench = new GroupBench('own goal')
    const [anna, ben] = [await bench.start('anna'), await bench.start('ben')]
    await bench.pair(anna, ben)
    await bench.untilInStep(anna, ben)
    const words = await wordsOf(bench, anna)
    const remove = { device: anna.log.self, isLost: true }
    const early = await bench.wait(removeByWords(portsOf(ben), words, { ...remove, sinceMs: 0 }))
    assert.deepEqual(early, { kind: 'would-fall-out' })
    // anna strikes within a day of having added ben: what came before the blow must stand.
    await bench.wait(anna.log.setRole(ben.log.self, 'member'))
    await bench.untilInStep(anna, ben)
    const done = await bench.wait(removeByWords(portsOf(ben), words, { ...remove, sinceMs: null }))
    assert.equal(done.kind, 'done')
    assert.deepEqual(namesOf(ben.log), ['ben'])
    assert.equal(ben.log.state.members.get(ben.log.self)?.role, 'admin')
  })
})

describe('roles given in pairing', () => {
  it('are those that the side gives whose group stays, whichever showed the code', async () => {
    const bench = new GroupBench('roles')
    const [anna, ben, cleo] = [await bench.start('anna'), await bench.start('ben'), await bench.start('cleo')]
    await bench.pair(anna, ben, 'member')
    const invitation = await bench.invite(cleo)
    const joined = await bench.join(anna, invitation.code, { guestRole: 'member' })
    assert.ok(joined.kind === 'paired' && joined.guestRole === 'member' && joined.broughtFolders === null)
    await bench.wait(invitation.result)
    await bench.untilInStep(anna, ben, cleo)
    const roles = [...anna.log.state.members.values()].map(({ name, role }) => `${name} ${role}`)
    assert.deepEqual(roles, ['anna admin', 'ben member', 'cleo member'])
    const dora = await bench.start('dora')
    await bench.pair(ben, dora)
    assert.equal(dora.log.state.members.get(dora.log.self)?.role, 'member', 'a member gives no more than it has')
  })
})

describe('a group log that was restored from a backup', () => {
  it('is noticed by the first to meet it, which gives it back what it had said', async () => {
    const bench = new GroupBench('backup')
    const [anna, ben] = [await bench.start('anna'), await bench.start('ben')]
    await bench.pair(anna, ben)
    await bench.untilInStep(anna, ben)
    const backup = (await bench.wait(ben.ports.state.read('group'))) ?? assert.fail()
    await bench.wait(ben.log.rename('benjamin'))
    await bench.untilInStep(anna, ben)
    await bench.world.runFor(5 * 60_000)
    assert.ok(!rolledBack(anna), 'nothing is suspected of a device that has all its words')
    await bench.wait(ben.ports.state.write('group', backup))
    ben.device.kill({ power: false })
    const again = await bench.start('ben')
    await bench.until(() => rolledBack(anna), 'it to be noticed')
    await bench.untilInStep(anna, again)
    assert.deepEqual(namesOf(again.log), ['anna', 'benjamin'])
  })
})

const rolledBack = ({ exchanges }: Peer): boolean =>
  exchanges.some(({ result }) => result.kind === 'in-step' && result.isRolledBack)

describe('removals, roles and words on all sides of cuts', () => {
  const zDeed = fc.record({
    by: fc.nat(3),
    to: fc.nat(3),
    kind: fc.constantFrom('remove', 'lost', 'member', 'admin', 'words', 'rename'),
    cut: fc.nat(7),
  })

  it('end the same on every device that is still in', async () => {
    let contested = 0
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(zDeed, { minLength: 1, maxLength: 6 }), async (seed, deeds) => {
        const bench = new GroupBench(seed)
        const peers = [...(await three(bench)), await bench.start('dora')] as const
        const [anna, , cleo, dora] = peers
        await bench.pair(cleo, dora)
        await bench.untilInStep(...peers)
        const words = await wordsOf(bench, anna)
        for (const { by, to, kind, cut } of deeds) {
          for (const [i, { log }] of peers.entries())
            if ((cut >> i) % 2 === 1) bench.world.network.isolate(log.self)
            else bench.world.network.rejoin(log.self)
          const [actor, target] = [peers[by] ?? anna, peers[to] ?? anna]
          await bench.wait(act(actor, target, kind, words))
          await bench.world.runFor(2_000)
        }
        for (const { log } of peers) bench.world.network.rejoin(log.self)
        await bench.world.runFor(120_000)
        const inside = peers.filter(({ log }) => log.standing === 'member')
        const ends = new Set(inside.map(({ log }) => outline(log.state)))
        assert.ok(ends.size <= 1, [...ends].join('\n'))
        if (inside.length > 1 && inside.length < peers.length) contested++
        for (const peer of peers) if (!inside.includes(peer)) assert.notEqual(peer.log.removal, undefined)
      }),
      { numRuns: scaled({ small: 12, full: 60 }) },
    )
    assert.ok(contested > 0, 'somebody was removed, and others were left')
  })
})

async function act(actor: Peer, target: Peer, kind: string, words: Signer): Promise<void> {
  const { log } = actor
  const device = target.log.self
  if (kind === 'words') {
    await removeByWords(portsOf(actor), words, { device, isLost: true, sinceMs: null })
    return
  }
  if (log.standing !== 'member') return
  if (kind === 'rename') await log.rename(`${actor.name}!`)
  else if (kind === 'member' || kind === 'admin') await log.setRole(device, kind)
  else if (device !== log.self) await log.remove(device, kind === 'lost')
}

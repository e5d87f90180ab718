/** Pairing between simulated devices: how it ends, and whose group stays. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createCode } from '../../protocol/pairing.ts'
import { PAIR_CODE_LIFE_MS, PAIR_RUN_MS, PAIR_STEP_MS } from '../../protocol/limits.ts'
import { PAIR } from '../../protocol/protocols.ts'
import type { PairingCode } from '../../protocol/pairing.ts'
import { outline } from '../core/group-script.ts'
import { GroupBench, folderRecord, namesOf, startJoin } from './group-bench.ts'

const PHOTOS = folderRecord('Photos', 1)
const NOTES = folderRecord('Notes', 2)

/** Another code with the same nameplate. */
function otherCode({ nameplate, words }: PairingCode): PairingCode {
  for (let byte = 0; ; byte++) {
    const code = createCode((length) => new Uint8Array(length).fill(byte))
    if (code.words.join() !== words.join()) return { nameplate, words: code.words }
  }
}

describe('pairing with the right code', () => {
  it('makes two devices one group, and each learns the name of the other', async () => {
    const bench = new GroupBench('right code')
    const [anna, ben] = [await bench.start('anna'), await bench.start('ben')]
    const invitation = await bench.invite(anna)
    const joined = await bench.join(ben, invitation.code)
    const invited = await bench.wait(invitation.result)
    assert.ok(joined.kind === 'paired' && invited.kind === 'paired')
    assert.deepEqual([joined.device, joined.name], [anna.log.self, 'anna'])
    assert.deepEqual([invited.device, invited.name, invited.platform], [ben.log.self, 'ben', 'linux'])
    assert.deepEqual(namesOf(anna.log), ['anna', 'ben'])
    assert.equal(outline(ben.log.state), outline(anna.log.state))
    assert.equal(ben.log.state.members.get(ben.log.self)?.role, 'admin')
  })

  it('finds the other at an address where there is no multicast', async () => {
    const bench = new GroupBench('address')
    const [anna, ben] = [await bench.start('anna'), await bench.start('ben')]
    const { code } = await bench.invite(anna)
    const address = bench.world.network.hostOf(anna.log.self)
    assert.equal((await bench.join(ben, { ...code, nameplate: (code.nameplate % 99) + 1 }, { address })).kind, 'paired')
    assert.equal((await bench.join(ben, code, { address: '10.9.9.9' })).kind, 'not-found')
  })

  it('survives a restart of both', async () => {
    const bench = new GroupBench('restart')
    const [anna, ben] = [await bench.start('anna'), await bench.start('ben')]
    await bench.pair(anna, ben)
    const before = outline(anna.log.state)
    for (const { device } of [anna, ben]) device.kill({ power: true })
    const [anna2, ben2] = [await bench.start('anna'), await bench.start('ben')]
    assert.deepEqual([outline(anna2.log.state), outline(ben2.log.state)], [before, before])
  })
})

describe('whose group stays', () => {
  it("the inviter's, when neither has other members; the joiner's folders come along under their ids", async () => {
    const bench = new GroupBench('neither')
    const [anna, ben] = [await bench.start('anna', [PHOTOS]), await bench.start('ben', [NOTES])]
    const group = anna.log.groupId
    const { code, result } = await bench.invite(anna)
    const joined = await bench.join(ben, code)
    assert.ok(joined.kind === 'paired')
    assert.deepEqual(
      joined.broughtFolders?.map(({ name }) => name),
      ['Notes'],
    )
    assert.equal((await bench.wait(result)).kind, 'paired')
    await bench.untilInStep(anna, ben)
    assert.equal(ben.log.groupId, group)
    assert.deepEqual([...anna.log.state.folders.values()].map(({ folder, name }) => [folder, name]).sort(), [
      [PHOTOS.folder, 'Photos'],
      [NOTES.folder, 'Notes'],
    ])
  })

  it("the inviter's, when only the inviter has other members", async () => {
    const bench = new GroupBench('inviter')
    const [anna, ben, cleo] = [await bench.start('anna'), await bench.start('ben'), await bench.start('cleo', [NOTES])]
    await bench.pair(anna, ben)
    const group = anna.log.groupId
    await bench.pair(anna, cleo)
    await bench.untilInStep(anna, ben, cleo)
    assert.equal(cleo.log.groupId, group)
    assert.deepEqual(namesOf(ben.log).sort(), ['anna', 'ben', 'cleo'])
    assert.ok(ben.log.state.folders.has(NOTES.folder))
  })

  it("the joiner's, when only the joiner has other members, although the inviter showed the code", async () => {
    const bench = new GroupBench('joiner')
    const [anna, ben, cleo] = [await bench.start('anna'), await bench.start('ben'), await bench.start('cleo', [NOTES])]
    await bench.pair(anna, ben)
    const group = anna.log.groupId
    const invitation = await bench.invite(cleo)
    const joined = await bench.join(anna, invitation.code)
    const invited = await bench.wait(invitation.result)
    assert.ok(joined.kind === 'paired' && invited.kind === 'paired')
    assert.equal(joined.broughtFolders, null)
    assert.deepEqual(
      invited.broughtFolders?.map(({ folder }) => folder),
      [NOTES.folder],
    )
    await bench.untilInStep(anna, ben, cleo)
    assert.equal(cleo.log.groupId, group)
    assert.equal(cleo.log.state.members.get(cleo.log.self)?.addedBy, anna.log.self)
  })

  it("nobody's, when both have other members: both are told, and the code is not spent", async () => {
    const bench = new GroupBench('both')
    const [anna, ben] = [await bench.start('anna'), await bench.start('ben')]
    const [cleo, dora] = [await bench.start('cleo'), await bench.start('dora')]
    await bench.pair(anna, ben)
    await bench.pair(cleo, dora)
    const invitation = await bench.invite(anna)
    const joined = await bench.join(cleo, invitation.code)
    assert.ok(joined.kind === 'both-in-groups')
    assert.deepEqual(joined.ours, { groupName: "cleo's devices", others: ['dora'] })
    assert.deepEqual(joined.theirs, {
      device: anna.log.self,
      name: 'anna',
      groupName: "anna's devices",
      otherMembers: 1,
    })
    await bench.until(() => invitation.attempts.length > 0, 'word of the attempt')
    assert.equal(invitation.attempts[0]?.kind, 'both-in-groups')
    const erik = await bench.start('erik')
    assert.equal((await bench.join(erik, invitation.code)).kind, 'paired')
    assert.equal(cleo.log.state.members.size, 2)
  })

  it('is no question for two devices of one group', async () => {
    const bench = new GroupBench('same')
    const [anna, ben] = [await bench.start('anna'), await bench.start('ben')]
    await bench.pair(anna, ben)
    const { code, attempts } = await bench.invite(anna)
    const joined = await bench.join(ben, code)
    assert.deepEqual(joined, { kind: 'same-group', device: anna.log.self, name: 'anna' })
    await bench.until(() => attempts[0]?.kind === 'same-group', 'word of the attempt')
  })
})

describe('pairing with a code that does not work', () => {
  it('a wrong code fails on both sides, and three of them burn the shown one', async () => {
    const bench = new GroupBench('wrong')
    const [anna, ben] = [await bench.start('anna'), await bench.start('ben')]
    const invitation = await bench.invite(anna)
    const wrong = otherCode(invitation.code)
    for (let i = 0; i < 3; i++) assert.deepEqual(await bench.join(ben, wrong), { kind: 'wrong-code' })
    assert.deepEqual(await bench.wait(invitation.result), { kind: 'wrong-code' })
    assert.deepEqual(invitation.attempts, [{ kind: 'wrong-code' }, { kind: 'wrong-code' }])
    const address = bench.world.network.hostOf(anna.log.self)
    assert.equal((await bench.join(ben, invitation.code, { address })).kind, 'closed')
    assert.equal(anna.log.state.members.size, 1)
  })

  it('a right code still pairs after two wrong ones', async () => {
    const bench = new GroupBench('third time')
    const [anna, ben] = [await bench.start('anna'), await bench.start('ben')]
    const invitation = await bench.invite(anna)
    for (let i = 0; i < 2; i++) await bench.join(ben, otherCode(invitation.code))
    assert.equal((await bench.join(ben, invitation.code)).kind, 'paired')
  })

  it('ten wrong codes within an hour close pairing until a person opens it again', async () => {
    const bench = new GroupBench('ten')
    const [anna, ben] = [await bench.start('anna'), await bench.start('ben')]
    for (let failures = 0; failures < 10;) {
      const invitation = await bench.invite(anna)
      for (let i = 0; i < 3 && failures < 10; i++, failures++) {
        assert.equal((await bench.join(ben, otherCode(invitation.code))).kind, 'wrong-code')
      }
      assert.equal((await bench.wait(invitation.result)).kind, failures < 10 ? 'wrong-code' : 'closed')
    }
    await assert.rejects(bench.invite(anna), /closed/)
    anna.desk.reopen()
    await bench.pair(anna, ben)
  })

  it('a code that was used pairs nobody else', async () => {
    const bench = new GroupBench('reused')
    const [anna, ben, cleo] = [await bench.start('anna'), await bench.start('ben'), await bench.start('cleo')]
    const { code, result } = await bench.invite(anna)
    assert.equal((await bench.join(ben, code)).kind, 'paired')
    await bench.wait(result)
    const address = bench.world.network.hostOf(anna.log.self)
    assert.equal((await bench.join(cleo, code, { address })).kind, 'closed')
    assert.equal((await bench.join(cleo, code)).kind, 'not-found')
  })

  it('a code expires after ten minutes, also on a machine that slept or whose clock was set back', async () => {
    for (const fault of ['none', 'sleep', 'clock'] as const) {
      const bench = new GroupBench(`expired ${fault}`)
      const [anna, ben] = [await bench.start('anna'), await bench.start('ben')]
      const invitation = await bench.invite(anna)
      const begun = bench.world.scheduler.nowMs()
      if (fault === 'sleep') {
        anna.device.suspend()
        bench.world.after(PAIR_CODE_LIFE_MS - 1_000, () => anna.device.resume())
      }
      if (fault === 'clock') anna.device.wall.offsetMs -= 3_600_000
      assert.deepEqual(await bench.wait(invitation.result, 700_000), { kind: 'expired' })
      const lived = bench.world.scheduler.nowMs() - begun
      assert.ok(Math.abs(lived - PAIR_CODE_LIFE_MS) < 10_000, `it lived ${lived} ms with ${fault}`)
      const address = bench.world.network.hostOf(anna.log.self)
      assert.equal((await bench.join(ben, invitation.code, { address })).kind, 'closed')
    }
  })

  it('cancelling burns it', async () => {
    const bench = new GroupBench('cancel')
    const [anna, ben] = [await bench.start('anna'), await bench.start('ben')]
    const invitation = await bench.invite(anna)
    invitation.cancel()
    assert.deepEqual(await bench.wait(invitation.result), { kind: 'cancelled' })
    assert.equal((await bench.join(ben, invitation.code)).kind, 'not-found')
    await bench.pair(anna, ben)
  })

  it('a joiner that finds nobody is told after ten seconds, and gives up after a minute', async () => {
    const bench = new GroupBench('nobody')
    const ben = await bench.start('ben')
    const hints: number[] = []
    const begun = bench.world.scheduler.nowMs()
    const code = createCode((length) => new Uint8Array(length).fill(7))
    const result = await bench.join(ben, code, { onHint: () => void hints.push(bench.world.scheduler.nowMs() - begun) })
    assert.deepEqual(result, { kind: 'not-found' })
    assert.deepEqual(hints, [10_000])
    assert.equal(bench.world.scheduler.nowMs() - begun, 60_000)
  })

  it('a joiner can be cancelled while it searches', async () => {
    const bench = new GroupBench('cancel search')
    const ben = await bench.start('ben')
    const cancelling = new AbortController()
    const code = createCode((length) => new Uint8Array(length).fill(7))
    bench.world.after(3_000, () => cancelling.abort(new Error('Ctrl-C')))
    assert.deepEqual(await bench.join(ben, code, { signal: cancelling.signal }), { kind: 'cancelled' })
  })
})

describe('pairing among several', () => {
  it('shows both inviters of one nameplate, and tries only the chosen one', async () => {
    const bench = new GroupBench('two inviters')
    const [anna, ben, cleo] = [await bench.start('anna'), await bench.start('ben'), await bench.start('cleo')]
    const first = await bench.invite(anna)
    // The other shows the same nameplate by chance: its source of chance is asked again until it does.
    let second = await bench.invite(cleo)
    while (second.code.nameplate !== first.code.nameplate) {
      second.cancel()
      await bench.wait(second.result)
      second = await bench.invite(cleo)
    }
    const shown: string[] = []
    const joined = await bench.join(ben, second.code, {
      choose: (inviters) => {
        shown.push(...inviters.map(({ device }) => device))
        return cleo.log.self
      },
    })
    assert.deepEqual(shown.sort(), [anna.log.self, cleo.log.self].sort())
    assert.ok(joined.kind === 'paired' && joined.device === cleo.log.self)
    assert.deepEqual(first.attempts, [])
  })

  it('serves one joiner at a time', async () => {
    const bench = new GroupBench('busy')
    const [anna, ben, cleo] = [await bench.start('anna'), await bench.start('ben'), await bench.start('cleo')]
    const { code } = await bench.invite(anna)
    const stream = await bench.wait(
      cleo.ports.transport.open(anna.log.self, PAIR, { signal: new AbortController().signal }),
    )
    assert.deepEqual(await bench.join(ben, code), { kind: 'busy' })
    stream.abort('enough')
    await bench.world.runFor(1_000)
    assert.equal((await bench.join(ben, code)).kind, 'paired')
  })

  it('shows one code at a time', async () => {
    const bench = new GroupBench('one code')
    const anna = await bench.start('anna')
    await bench.invite(anna)
    await assert.rejects(bench.invite(anna), /busy/)
  })

  it('gives up a side that falls silent: 20 s a step, 60 s in all', async () => {
    const bench = new GroupBench('silent')
    const [anna, ben] = [await bench.start('anna'), await bench.start('ben')]
    const { attempts } = await bench.invite(anna)
    const { signal } = new AbortController()
    const begun = bench.world.scheduler.nowMs()
    await bench.wait(ben.ports.transport.open(anna.log.self, PAIR, { signal }))
    await bench.until(() => attempts.length > 0, 'the end of patience', PAIR_RUN_MS)
    assert.deepEqual(attempts, [{ kind: 'timeout' }])
    const patience = bench.world.scheduler.nowMs() - begun
    assert.ok(patience >= PAIR_STEP_MS && patience < PAIR_STEP_MS + 1_000, `${patience} ms`)
  })

  it('gives up a device that is announced and cannot be reached', async () => {
    const bench = new GroupBench('unreachable')
    const [anna, ben] = [await bench.start('anna'), await bench.start('ben')]
    const { code } = await bench.invite(anna)
    ben.ports.transport.open = (_device, _protocol, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(new Error('given up'))
        })
      })
    assert.deepEqual(await bench.join(ben, code), { kind: 'timeout' })
  })

  it('ends as lost when the other program dies, and the inviter goes on', async () => {
    const bench = new GroupBench('dies')
    const [anna, ben, cleo] = [await bench.start('anna'), await bench.start('ben'), await bench.start('cleo')]
    const { code, attempts } = await bench.invite(anna)
    bench.world.network.corrupt = (from, frame) => {
      if (from === ben.log.self) bench.world.after(0, () => ben.device.kill({ power: false }))
      return frame
    }
    void startJoin(ben, code)
    await bench.until(() => attempts.length > 0, 'word of the attempt')
    assert.deepEqual(attempts, [{ kind: 'lost' }])
    assert.equal((await bench.join(cleo, code)).kind, 'paired')
  })
})

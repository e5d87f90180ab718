/** The thief of the first device, and the words that stand above it. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { GroupOp, Role } from '../../protocol/group.ts'
import { buildGraph } from '../../daemon/core/group-graph.ts'
import { forkedAuthors } from '../../daemon/core/group-forks.ts'
import { mayChangeRole, mayRemove, roleToGive } from '../../daemon/core/group-rights.ts'
import { replay } from '../../daemon/core/membership.ts'
import { headsBefore, strokeOf } from '../../daemon/core/recovery-place.ts'
import { scaled } from '../scale.ts'
import { GroupScript, membersOf, outline } from './group-script.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const numRuns = scaled({ small: 100, full: 1_500 })

/** anna founded it, and added ben and cleo; all three have seen all of that. */
function three(): GroupScript {
  const script = new GroupScript('anna')
  script.add('anna', 'ben')
  script.add('ben', 'cleo')
  return script
}

const graphOf = ({ genesis, ops }: GroupScript) => buildGraph(genesis, ops)
const opsAt = (script: GroupScript, hashes: readonly string[]): GroupOp[] =>
  script.ops.filter(({ hash }) => hashes.includes(hash))

describe('the thief of the first device', () => {
  it('that removes everybody beside the words loses to them, however many devices it makes up', () => {
    const forgery = fc.record({
      kind: fc.constantFrom('remove', 'add', 'role', 'folder'),
      author: fc.constantFrom('anna', 'eve', 'mallory'),
      target: fc.constantFrom('ben', 'cleo', 'eve', 'mallory', 'recovery'),
      role: fc.constantFrom<Role>('admin', 'member', 'mirror'),
      seen: fc.nat(20),
    })
    fc.assert(
      fc.property(fc.array(forgery, { minLength: 1, maxLength: 12 }), fc.boolean(), (forged, isFirst) => {
        const script = three()
        const honest = script.ops.slice(-1)
        if (isFirst) script.remove('recovery', 'anna', honest, true)
        const known = script.ops.length
        for (const { kind, author, target, role, seen } of forged) {
          // It knows all that the others knew, and whatever it has made since; not that the words were used.
          const own = script.ops.filter((op) => op.author !== script.id('recovery'))
          const after = [own[seen % own.length] ?? script.genesis]
          if (kind === 'remove') script.remove(author, target, after)
          else if (kind === 'add') script.add(author, target, after, role)
          else if (kind === 'role') script.role(author, target, role, after)
          else script.folder(author, target, after)
        }
        if (!isFirst) script.remove('recovery', 'anna', honest, true)
        assert.ok(script.ops.length > known)
        assert.equal(membersOf(script.state), 'ben cleo')
        assert.equal(script.state.folders.size, 0)
        assert.equal(script.state.removed.get(script.id('anna'))?.isLost, true)
      }),
      { numRuns },
    )
  })

  it('loses to words that come after everybody has heard of it, and so stand before what it did', () => {
    const script = three()
    const old = script.add('anna', 'phone', undefined, 'admin', DAY_MS)
    script.remove('anna', 'phone', [old])
    script.rename('anna', 'anna', 'annabel')
    const t = 100 * DAY_MS
    script.op('anna', { kind: 'remove', device: script.id('cleo'), isLost: false }, undefined, t - HOUR_MS)
    script.op('anna', { kind: 'remove', device: script.id('ben'), isLost: true }, undefined, t)
    script.add('anna', 'eve', undefined, 'admin', t + 1)
    assert.equal(membersOf(script.state), 'annabel eve')

    const graph = graphOf(script)
    const stroke = strokeOf(graph, script.id('anna'), script.id('ben')) ?? assert.fail()
    assert.deepEqual(stroke, { beganMs: t - DAY_MS, fellMs: t })
    const place = opsAt(script, headsBefore(graph, script.id('anna'), stroke.beganMs))
    script.remove('recovery', 'anna', place, true)
    assert.equal(membersOf(script.state), 'ben cleo')
    assert.ok(script.state.removed.has(script.id('phone')), 'what it had done long before stands')
  })

  it('cannot use the words that it does not have, nor remove the key of those', () => {
    const script = three()
    script.remove('anna', 'recovery')
    script.role('anna', 'recovery', 'mirror')
    script.add('anna', 'recovery')
    script.remove('recovery', 'anna')
    assert.equal(membersOf(script.state), 'ben cleo')
  })
})

describe('where an operation of the words is put', () => {
  it('is the end of the log where the device did nothing to this one', () => {
    const script = three()
    const graph = graphOf(script)
    assert.equal(strokeOf(graph, script.id('anna'), script.id('ben')), undefined)
    assert.deepEqual(headsBefore(graph, script.id('anna'), 1_000_000), graph.heads)
  })

  it('keeps what others did beside what is taken back, and leaves out what follows on it', () => {
    const script = three()
    const seen = script.ops.slice(-1)
    const theft = script.op('anna', { kind: 'remove', device: script.id('ben'), isLost: false }, seen, 9_000)
    const beside = script.rename('cleo', 'cleo', 'cleopatra', seen)
    script.folder('cleo', 'Photos', [theft, beside])
    assert.deepEqual(headsBefore(graphOf(script), script.id('anna'), 9_000), [beside.hash])
  })

  it('counts a demotion of this device as a stroke, and a promotion as none', () => {
    const script = three()
    script.role('anna', 'ben', 'admin')
    assert.equal(strokeOf(graphOf(script), script.id('anna'), script.id('ben')), undefined)
    script.role('anna', 'ben', 'member')
    assert.notEqual(strokeOf(graphOf(script), script.id('anna'), script.id('ben')), undefined)
  })
})

describe('a device that is lost', () => {
  it('has no say in anything that its remover had not heard of, and is shown as lost by any who say so', () => {
    const script = three()
    const seen = script.ops.slice(-1)
    const removed = script.remove('anna', 'cleo', seen, true)
    script.folder('cleo', 'Loot', seen)
    script.remove('cleo', 'cleo', seen)
    script.remove('ben', 'cleo', seen)
    assert.equal(script.state.folders.size, 0)
    const { by, isLost, atMs } = script.state.removed.get(script.id('cleo')) ?? assert.fail()
    assert.deepEqual([by, isLost, atMs], [script.id('anna'), true, removed.hlc.ms])
  })

  it('may turn out to be lost when it is out already', () => {
    const script = three()
    script.remove('anna', 'cleo')
    const [anna, ben, cleo] = [script.id('anna'), script.id('ben'), script.id('cleo')]
    assert.equal(mayRemove(script.state, ben, cleo, false), 'not-a-member')
    assert.equal(mayRemove(script.state, ben, cleo, true), 'allowed')
    script.remove('ben', 'cleo', undefined, true)
    const { by, isLost } = script.state.removed.get(cleo) ?? assert.fail()
    assert.deepEqual([by, isLost], [anna, true])
    assert.equal(mayRemove(script.state, ben, cleo, true), 'not-a-member', 'it is known by now')
  })
})

describe('what a member may not', () => {
  it('is void in every replay, whoever signs it with a modified Holt', () => {
    const script = new GroupScript('anna')
    script.add('anna', 'ben', undefined, 'member')
    script.add('anna', 'cleo', undefined, 'member')
    const before = outline(script.state, { heads: false })
    script.remove('ben', 'cleo')
    script.role('ben', 'cleo', 'mirror')
    script.role('ben', 'ben', 'admin')
    script.add('ben', 'eve', undefined, 'admin')
    script.rename('ben', 'cleo', 'nobody')
    assert.equal(outline(script.state, { heads: false }), before)
    const [ben, cleo] = [script.id('ben'), script.id('cleo')]
    assert.equal(mayRemove(script.state, ben, cleo), 'not-admin')
    assert.equal(mayChangeRole(script.state, ben, ben, 'admin'), 'not-admin')
    assert.equal(roleToGive(script.state, ben, 'admin'), 'member')
    script.add('ben', 'dora', undefined, 'member')
    script.remove('ben', 'ben')
    assert.equal(membersOf(script.state), 'anna cleo dora', 'it adds members, and leaves')
  })

  it('is asked before the last admin gives itself up', () => {
    const script = new GroupScript('anna')
    script.add('anna', 'ben', undefined, 'member')
    const [anna, ben] = [script.id('anna'), script.id('ben')]
    assert.equal(mayChangeRole(script.state, anna, anna, 'member'), 'last-admin')
    script.role('anna', 'ben', 'admin')
    assert.equal(mayChangeRole(script.state, anna, anna, 'member'), 'allowed')
    assert.equal(mayChangeRole(script.state, ben, anna, 'member'), 'senior')
    script.role('anna', 'anna', 'member')
    assert.equal(mayChangeRole(script.state, anna, ben, 'member'), 'not-admin')
    script.role('recovery', 'anna', 'admin')
    assert.equal(script.state.members.get(anna)?.role, 'admin')
  })
})

describe('a key that signs on two devices', () => {
  it('is found by two words that do not know of each other, in whatever order they come', () => {
    const script = three()
    const seen = script.ops.slice(-1)
    script.rename('ben', 'ben', 'b', seen)
    const fork = script.rename('ben', 'ben', 'bb', seen)
    const { genesis, ops } = script
    for (const order of [ops, ops.toReversed()]) {
      const forked = forkedAuthors(buildGraph(genesis, order))
      assert.deepEqual([...forked.keys()], [script.id('ben')])
    }
    script.rename('ben', 'ben', 'again', [fork])
    assert.deepEqual([...forkedAuthors(graphOf(script)).keys()], [script.id('ben')])
  })

  it('is not suspected of a device that has seen its own words, of an addition that was shown late, nor of the recovery words', () => {
    const script = three()
    const seen = script.ops.slice(-1)
    script.rename('ben', 'ben', 'b', seen)
    script.add('ben', 'dora', seen)
    script.rename('cleo', 'cleo', 'c', seen)
    script.rename('ben', 'ben', 'bb')
    script.remove('recovery', 'anna', seen)
    script.role('recovery', 'cleo', 'member', seen)
    assert.deepEqual([...forkedAuthors(graphOf(script)).keys()], [])
    assert.equal(replay(script.genesis, script.ops).members.size, 3)
  })
})

/** Who is in a group: told as stories of devices that do not see each other's last steps. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OPTION_WITHDRAWN } from '../../protocol/group.ts'
import { GROUP_DEVICES_MAX } from '../../protocol/limits.ts'
import { buildGraph } from '../../daemon/core/group-graph.ts'
import { mayAddDevice, mayRemove, maySetFolder } from '../../daemon/core/group-rights.ts'
import { hasKnownAuthor } from '../../daemon/core/seating.ts'
import { replay } from '../../daemon/core/membership.ts'
import { GroupScript, membersOf, outline } from './group-script.ts'

/** anna founded it, added ben, who added cleo; all three have seen all of that. */
function three(): GroupScript {
  const script = new GroupScript('anna')
  script.add('anna', 'ben')
  script.add('ben', 'cleo')
  return script
}

describe('a group', () => {
  it('begins with its founder as admin', () => {
    const { state, genesis } = new GroupScript('anna')
    assert.equal(state.groupId, genesis.hash)
    assert.equal(membersOf(state), 'anna')
    assert.equal([...state.members.values()][0]?.role, 'admin')
  })

  it('takes in whom a member adds, in the order of adding', () => {
    const { state } = three()
    assert.equal(membersOf(state), 'anna ben cleo')
    const cleo = [...state.members.values()][2]
    assert.equal(cleo?.addedBy, [...state.members.keys()][1])
    assert.equal(cleo?.seniority, 2)
  })

  it('counts as senior whoever was added earlier by the clock, where two were added without seeing each other', () => {
    const script = new GroupScript('anna')
    const renamed = script.rename('anna', 'anna', 'annabel')
    script.add('anna', 'ben', [script.genesis], 'admin', 100)
    script.add('anna', 'cleo', [renamed], 'admin', 50)
    assert.equal(membersOf(script.state), 'annabel cleo ben')
  })

  it('ignores additions by strangers and by devices that are added later', () => {
    const script = new GroupScript('anna')
    script.add('mallory', 'eve')
    const early = script.add('ben', 'cleo', [script.genesis])
    assert.equal(membersOf(script.state), 'anna')
    script.add('anna', 'ben', [early])
    assert.equal(membersOf(script.state), 'anna ben')
  })

  it('lets a device rename itself and nobody else', () => {
    const script = three()
    script.rename('ben', 'ben', 'benjamin')
    script.rename('anna', 'cleo', 'cleopatra')
    assert.equal(membersOf(script.state), 'anna benjamin cleo')
  })

  it('holds no more devices than the limit, and takes another in place of a removed one', () => {
    const script = new GroupScript('anna')
    for (let i = 1; i < GROUP_DEVICES_MAX; i++) script.add('anna', `device ${i}`)
    script.add('anna', 'ben')
    assert.equal(script.state.members.size, GROUP_DEVICES_MAX)
    assert.equal(script.state.members.has(script.id('ben')), false)
    assert.equal(mayAddDevice(script.state, script.id('anna'), script.id('cleo')), 'full')
    script.remove('anna', 'device 7')
    script.add('anna', 'cleo')
    assert.equal(script.state.members.size, GROUP_DEVICES_MAX)
  })

  it('stops at an operation of a kind that only a newer Holt knows, if a member made it', () => {
    const script = three()
    const before = script.remove('anna', 'cleo')
    script.unknown('cleo', [before])
    assert.equal(script.state.hasUnknownKind, false)
    script.unknown('ben')
    assert.equal(script.state.hasUnknownKind, true)
  })

  it('tells an operation of a device that was named before from one of a stranger', () => {
    const script = three()
    const strange = script.add('mallory', 'eve')
    const known = script.rename('cleo', 'cleo', 'c', [script.ops[2] ?? strange])
    const graph = buildGraph(script.genesis, script.ops)
    assert.equal(hasKnownAuthor(graph, strange), false)
    assert.equal(hasKnownAuthor(graph, known), true)
  })
})

describe('a removal', () => {
  it('takes a device out for good: its key is never added again', () => {
    const script = three()
    script.remove('anna', 'cleo')
    script.add('anna', 'cleo')
    script.add('ben', 'cleo')
    assert.equal(membersOf(script.state), 'anna ben')
    assert.equal(script.state.removed.get(script.id('cleo'))?.by, script.id('anna'))
    assert.equal(mayAddDevice(script.state, script.id('anna'), script.id('cleo')), 'was-removed')
  })

  it('makes void what the device did without having seen it', () => {
    const script = three()
    const seen = script.ops.slice(-1)
    script.remove('anna', 'ben', seen)
    script.add('ben', 'eve', seen)
    script.folder('ben', 'Loot', seen)
    assert.equal(membersOf(script.state), 'anna cleo')
    assert.equal(script.state.folders.size, 0)
  })

  it('leaves standing what the device had done before', () => {
    const script = three()
    script.folder('ben', 'Photos')
    script.remove('ben', 'cleo')
    script.remove('anna', 'ben')
    assert.equal(membersOf(script.state), 'anna')
    assert.equal(script.state.folders.size, 1)
  })

  it('is void when it is of somebody senior, and asks for the recovery words', () => {
    const script = three()
    script.remove('cleo', 'anna')
    script.remove('cleo', 'ben')
    assert.equal(membersOf(script.state), 'anna ben cleo')
    assert.equal(mayRemove(script.state, script.id('cleo'), script.id('anna')), 'senior')
    script.remove('recovery', 'anna')
    assert.equal(membersOf(script.state), 'ben cleo')
  })

  it('of oneself always counts', () => {
    const script = three()
    script.remove('anna', 'anna')
    assert.equal(membersOf(script.state), 'ben cleo')
    assert.equal(script.state.removed.get(script.id('anna'))?.by, script.id('anna'))
  })

  it('by the recovery words beats a removal that the thief of the first device makes beside it', () => {
    const script = three()
    const seen = script.ops.slice(-1)
    script.remove('recovery', 'anna', seen)
    script.remove('anna', 'ben', seen)
    script.add('anna', 'eve', [script.genesis])
    assert.equal(membersOf(script.state), 'ben cleo')
  })
})

describe('removals that do not see each other', () => {
  it('of one another: the senior one counts', () => {
    const script = three()
    const seen = script.ops.slice(-1)
    script.remove('cleo', 'ben', seen)
    script.remove('ben', 'cleo', seen)
    assert.equal(membersOf(script.state), 'anna ben')
  })

  it('in a circle: the senior one counts, and what its victim did beside it does not', () => {
    const script = three()
    const seen = script.ops.slice(-1)
    script.remove('anna', 'ben', seen)
    script.remove('ben', 'cleo', seen)
    script.remove('cleo', 'anna', seen)
    assert.equal(membersOf(script.state), 'anna cleo')
  })

  it('of one device by two: both count', () => {
    const script = three()
    const seen = script.ops.slice(-1)
    const one = script.remove('anna', 'cleo', seen)
    const other = script.remove('ben', 'cleo', seen)
    script.folder('cleo', 'Late', [one])
    script.folder('cleo', 'Later', [other])
    assert.equal(membersOf(script.state), 'anna ben')
    assert.equal(script.state.folders.size, 0)
  })

  it('a newcomer falls with the one that added it, if that one was removed meanwhile', () => {
    const script = three()
    const seen = script.ops.slice(-1)
    script.remove('anna', 'cleo', seen)
    const added = script.add('cleo', 'dora', seen)
    script.add('dora', 'erik', [added])
    assert.equal(membersOf(script.state), 'anna ben')
  })

  it('a newcomer stays if somebody who was not removed had added it as well', () => {
    const script = three()
    const seen = script.ops.slice(-1)
    script.remove('anna', 'cleo', seen)
    const first = script.add('cleo', 'dora', seen)
    const second = script.add('ben', 'dora', seen)
    script.folder('dora', 'Photos', [first, second])
    assert.equal(membersOf(script.state), 'anna ben dora')
    assert.equal(script.state.folders.size, 1)
  })

  it('a void addition, made early on purpose, gives no seniority', () => {
    const script = three()
    const dora = script.add('cleo', 'dora')
    // ben's thief adds eve as if long ago; cleo's thief, too. ben is removed, and cleo's eve is junior to dora.
    script.add('ben', 'eve', [script.ops[1] ?? dora])
    const eve = script.add('cleo', 'eve', [dora])
    script.remove('anna', 'ben', [dora])
    script.remove('eve', 'dora', [eve])
    assert.equal(membersOf(script.state), 'anna cleo dora eve')
  })
})

describe('roles', () => {
  it('a member adds members, not admins; a mirror adds nobody and offers nothing', () => {
    const script = new GroupScript('anna')
    script.add('anna', 'ben', undefined, 'member')
    script.add('anna', 'vault', undefined, 'mirror')
    script.add('ben', 'cleo', undefined, 'admin')
    script.add('ben', 'dora', undefined, 'member')
    script.add('vault', 'erik', undefined, 'mirror')
    script.folder('vault', 'Loot')
    script.folder('ben', 'Photos')
    script.remove('ben', 'dora')
    assert.equal(membersOf(script.state), 'anna ben vault dora')
    assert.deepEqual(
      [...script.state.folders.values()].map(({ name }) => name),
      ['Photos'],
    )
    assert.equal(mayRemove(script.state, script.id('ben'), script.id('dora')), 'not-admin')
    assert.equal(
      maySetFolder(script.state, script.id('vault'), [...script.state.folders.keys()][0] ?? assert.fail()),
      'not-allowed',
    )
  })

  it('a demotion counts against what the device did beside it, and can be taken back', () => {
    const script = three()
    const seen = script.ops.slice(-1)
    const demoted = script.role('anna', 'ben', 'member', seen)
    script.remove('ben', 'cleo', seen)
    assert.equal(membersOf(script.state), 'anna ben cleo')
    const promoted = script.role('anna', 'ben', 'admin', [demoted])
    script.remove('ben', 'cleo', [promoted])
    assert.equal(membersOf(script.state), 'anna ben')
  })

  it('a demotion beside a promotion holds', () => {
    const script = three()
    const seen = script.ops.slice(-1)
    script.role('anna', 'cleo', 'mirror', seen)
    script.role('ben', 'cleo', 'admin', seen)
    assert.equal(script.state.members.get(script.id('cleo'))?.role, 'mirror')
  })

  it('nobody changes the role of somebody senior', () => {
    const script = three()
    script.role('cleo', 'ben', 'mirror')
    assert.equal(script.state.members.get(script.id('ben'))?.role, 'admin')
  })
})

describe('folders', () => {
  it('that three rename at once have one name, whichever renaming arrives first', () => {
    const script = three()
    const first = script.folder('anna', 'Photos')
    for (const [author, name] of [
      ['anna', 'P1'],
      ['ben', 'P2'],
      ['cleo', 'P3'],
      ['cleo', 'P4'],
    ] as const) {
      script.folder(author, name, [first])
    }
    const { genesis, ops } = script
    const expected = outline(script.state)
    for (let turn = 0; turn < ops.length; turn++) {
      const turned = [...ops.slice(turn), ...ops.slice(0, turn)]
      assert.equal(outline(replay(genesis, turned)), expected)
      assert.equal(outline(replay(genesis, turned.reverse())), expected)
    }
  })

  it('are renamed, withdrawn and offered again by the last word', () => {
    const script = three()
    script.folder('cleo', 'Photos')
    assert.equal([...script.state.folders.values()][0]?.isWithdrawn, false)
    script.folder('anna', 'Pictures', undefined, [[OPTION_WITHDRAWN, new Uint8Array()]])
    const [withdrawn] = script.state.folders.values()
    assert.deepEqual([withdrawn?.name, withdrawn?.isWithdrawn], ['Pictures', true])
    script.folder('ben', 'Pics')
    assert.deepEqual(
      [...script.state.folders.values()].map(({ name, isWithdrawn }) => [name, isWithdrawn]),
      [['Pics', false]],
    )
  })
})

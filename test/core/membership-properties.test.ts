/** What holds of every group log, honest or forged, in whatever order it arrives. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { GroupOp, Role } from '../../protocol/group.ts'
import { buildGraph } from '../../daemon/core/group-graph.ts'
import { replay } from '../../daemon/core/membership.ts'
import { scaled } from '../scale.ts'
import { GroupScript, outline } from './group-script.ts'

const NAMES = ['anna', 'ben', 'cleo', 'dora', 'erik'] as const
const ROLES: readonly Role[] = ['admin', 'member', 'mirror']
const numRuns = scaled({ small: 120, full: 600 })

/** One operation by anybody, entitled or not, that has seen any of what is there. */
const zStep = fc.record({
  kind: fc.constantFrom('add', 'add', 'add', 'remove', 'lost', 'role', 'folder', 'folder', 'rename'),
  author: fc.constantFrom(...NAMES, 'recovery'),
  target: fc.constantFrom(...NAMES),
  role: fc.constantFrom(...ROLES),
  /** Places in the list of operations, modulo its length; the last one counts from the end. */
  seen: fc.array(fc.nat(40), { minLength: 1, maxLength: 2 }),
  isUpToDate: fc.boolean(),
})
type Step = typeof zStep extends fc.Arbitrary<infer T> ? T : never

function write(script: GroupScript, step: Step, after: readonly GroupOp[] | undefined): void {
  const { author, target } = step
  switch (step.kind) {
    case 'add':
      script.add(author, target, after, step.role)
      break
    case 'remove':
    case 'lost':
      script.remove(author, target, after, step.kind === 'lost')
      break
    case 'role':
      script.role(author, target, step.role, after)
      break
    case 'folder':
      script.folder(author, target, after)
      break
    case 'rename':
      script.rename(author, author, `${target}'s twin`, after)
      break
  }
}

function seenBy(script: GroupScript, { seen, isUpToDate }: Step): readonly GroupOp[] | undefined {
  if (isUpToDate) return undefined
  return seen.map((place) => script.ops.at(-1 - (place % script.ops.length)) ?? script.genesis)
}

function story(steps: readonly Step[]): GroupScript {
  const script = new GroupScript('anna')
  for (const step of steps) write(script, step, seenBy(script, step))
  return script
}

const zStory = fc.array(zStep, { minLength: 1, maxLength: 14 })

describe('the replay of a group log', () => {
  it('does not depend on the order of delivery, nor on what is delivered twice', () => {
    fc.assert(
      fc.property(zStory, fc.infiniteStream(fc.nat()), (steps, chance) => {
        const { genesis, ops } = story(steps)
        const delivered = [...ops, ...ops.slice(1, 4)]
          .map((op) => ({ op, place: Number(chance.next().value) }))
          .sort((a, b) => a.place - b.place)
          .map(({ op }) => op)
        assert.equal(outline(replay(genesis, delivered)), outline(replay(genesis, ops)))
      }),
      { numRuns },
    )
  })

  it('comes to the same when the log grows piece by piece, whichever piece comes first', () => {
    fc.assert(
      fc.property(zStory, fc.nat(), (steps, salt) => {
        const { genesis, ops } = story(steps)
        const known = new Set([genesis.hash])
        const merged = [genesis]
        const rest = ops.slice(1)
        while (rest.length > 0) {
          const ready = rest.filter(({ prev }) => prev.every((hash) => known.has(hash)))
          const next = ready[salt % ready.length] ?? assert.fail('something can always come next')
          rest.splice(rest.indexOf(next), 1)
          known.add(next.hash)
          merged.push(next)
          replay(genesis, merged)
        }
        assert.equal(outline(replay(genesis, merged)), outline(replay(genesis, ops)))
      }),
      { numRuns },
    )
  })

  it('gives a removed device no say ever again, whatever it forges and whenever it says it was', () => {
    let forgeries = 0
    fc.assert(
      fc.property(zStory, fc.array(zStep, { minLength: 1, maxLength: 6 }), (steps, forged) => {
        const script = story(steps)
        const before = script.state
        const removed = NAMES.filter((name) => before.removed.has(script.id(name)))
        fc.pre(removed.length > 0)
        for (const [i, step] of forged.entries()) {
          const author = removed[i % removed.length] ?? assert.fail()
          // Whoever left of its own will may say so twice, and then what it had done before the second time stands.
          const hasLeft = before.removed.get(script.id(author))?.by === script.id(author)
          if (hasLeft && (step.kind === 'remove' || step.kind === 'lost') && step.target === author) continue
          write(script, { ...step, author }, seenBy(script, step))
          forgeries++
        }
        assert.equal(outline(script.state, { heads: false }), outline(before, { heads: false }))
      }),
      { numRuns },
    )
    assert.ok(forgeries > 0)
  })

  it('never puts a device in twice, nor both in and out, nor anybody above the founder', () => {
    fc.assert(
      fc.property(zStory, (steps) => {
        const script = story(steps)
        const { members, removed } = script.state
        for (const device of members.keys()) assert.equal(removed.has(device), false)
        const seniority = [...members.values()].map((member) => member.seniority)
        assert.deepEqual(
          seniority,
          [...new Set(seniority)].sort((a, b) => a - b),
        )
        if (members.has(script.id('anna'))) assert.equal(members.get(script.id('anna'))?.seniority, 0)
      }),
      { numRuns },
    )
  })

  it('is, of a log in which everyone has seen everything, one step after another', () => {
    fc.assert(
      fc.property(zStory, (steps) => {
        const script = story(steps.map((step) => ({ ...step, isUpToDate: true })))
        const expected = stepByStep(script.ops)
        const actual = [...script.state.members.values()].map(({ name, role }) => `${name} ${role}`)
        assert.deepEqual(actual, expected)
      }),
      { numRuns },
    )
  })
})

/** The rules as one would write them down for a single writer: an oracle that knows nothing of graphs. */
function stepByStep(ops: readonly GroupOp[]): string[] {
  const members: { device: string; name: string; role: Role }[] = []
  const seats: string[] = []
  const removed = new Set<string>()
  const named = new Set<string>()
  let recovery = ''
  const leave = (device: string): void => {
    removed.add(device)
    const place = members.findIndex((member) => member.device === device)
    if (place >= 0) members.splice(place, 1)
  }
  const find = (device: string): (typeof members)[number] | undefined =>
    members.find((member) => member.device === device)
  const isAbove = (author: string, target: string): boolean => {
    if (author === recovery) return true
    if (find(author)?.role !== 'admin') return false
    return !seats.includes(target) || seats.indexOf(author) < seats.indexOf(target)
  }
  for (const { author, change } of ops) {
    const role = author === recovery ? 'admin' : find(author)?.role
    if (change.kind === 'genesis') {
      recovery = change.recovery
      members.push({ ...change.founder })
      named.add(change.founder.device)
      seats.push(change.founder.device)
    } else if (change.kind === 'remove' && change.device === author) {
      if (named.has(author) && author !== recovery) leave(author)
    } else if (change.kind === 'add' && role === undefined) named.add(change.record.device)
    else if (role === undefined) continue
    else if (change.kind === 'add') {
      const { record } = change
      named.add(record.device)
      const isEntitled = role === 'admin' || (role === 'member' && record.role !== 'admin')
      if (!isEntitled || seats.includes(record.device) || removed.has(record.device)) continue
      members.push({ ...record })
      seats.push(record.device)
    } else if (change.kind === 'remove') {
      if (isAbove(author, change.device)) leave(change.device)
    } else if (change.kind === 'role') {
      const target = find(change.device)
      if (target === undefined || !(isAbove(author, change.device) || (author === change.device && role === 'admin')))
        continue
      target.role = change.role
    } else if (change.kind === 'rename' && author !== recovery) {
      const target = find(author)
      if (target !== undefined) target.name = change.name
    }
  }
  return members.map(({ name, role }) => `${name} ${role}`)
}

describe('the graph of a group log', () => {
  it('knows what anyone lacks who names some operations', () => {
    fc.assert(
      fc.property(zStory, fc.array(fc.nat(20)), (steps, places) => {
        const { genesis, ops } = story(steps)
        const graph = buildGraph(genesis, ops)
        const known = places.map((place) => ops[place % ops.length] ?? genesis)
        const missing = graph.missingAfter(known.map(({ hash }) => hash))
        const had = graph.order.filter((op) => !missing.includes(op))
        const isKnown = (op: GroupOp): boolean => known.some((end) => end.hash === op.hash || graph.isBefore(op, end))
        assert.ok(had.every(isKnown) && missing.every((op) => !isKnown(op)))
      }),
      { numRuns },
    )
  })

  it('leaves out what follows on something that is not there, or whose clock runs backwards', () => {
    const script = new GroupScript('anna')
    const ben = script.add('anna', 'ben')
    const cleo = script.add('ben', 'cleo')
    const graph = buildGraph(script.genesis, [script.genesis, cleo])
    assert.deepEqual(graph.order, [script.genesis])
    assert.equal(buildGraph(script.genesis, [cleo, { ...ben, hlc: { ms: 0, counter: 0 } }]).order.length, 1)
  })
})

/** A daemon that dies just before or just after it has made something durable: each point of the list, on either side. */

import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, rmdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { recordFigure } from '../figures.ts'
import { scaled } from '../scale.ts'
import type { Aim } from './aimed-device.ts'
import { AimedDevice, halves, keptContents, leftInIncoming } from './aimed-device.ts'
import { COMMIT_POINTS } from './commit-points.ts'
import type { CommitPoint } from './commit-points.ts'
import { digest, pair, until } from './device.ts'
import { filesBelow } from './hands.ts'
import { isInSync, same, share, untilInSync } from './pairs.ts'

type Side = 'sender' | 'receiver'
interface Case extends Aim {
  readonly side: Side
}

const SENDER: readonly CommitPoint[] = [
  'edits recorded',
  'segments recorded',
  'head saved',
  'entries of another recorded',
]
const OF_COMMANDS: readonly CommitPoint[] = ['settings saved', 'group log saved']
const RECEIVER = (Object.keys(COMMIT_POINTS) as CommitPoint[]).filter(
  (point) => point !== 'edits recorded' && !OF_COMMANDS.includes(point),
)
/** One point, so that a small run shows that the rest would work. */
const SMALL: readonly Case[] = [{ side: 'receiver', point: 'old moved to versions', no: 1, when: 'after' }]
const CASES = scaled({ small: SMALL, full: allCases() })
/** How long a daemon may take to come to a point. */
const REACH_MS = 20_000

function allCases(): Case[] {
  const sides = [
    ['sender', SENDER],
    ['receiver', RECEIVER],
  ] as const
  return sides.flatMap(([side, points]) =>
    points.flatMap((point): Case[] => [
      { side, point, no: 1, when: 'before' },
      { side, point, no: 1, when: 'after' },
    ]),
  )
}

/** A content that tells whether it is whole. */
function content(id: string, bodyBytes: number): Buffer {
  return Buffer.concat([Buffer.from(`<${id} ${bodyBytes}>\n`), Buffer.alloc(bodyBytes, `${id};`)])
}

/** What the round needs of the one before it. */
function prepare(root: string, round: number): void {
  mkdirSync(join(root, `old-${round}`))
  for (const name of [`over-${round}`, `gone-${round}`, `move-${round}`, `mode-${round}`, `old-${round}/in`])
    writeFileSync(join(root, name), content(name, 2000))
}

/** Each kind of change once, and most of them twice. */
function work(root: string, round: number): void {
  const at = (name: string): string => join(root, name)
  writeFileSync(at(`new-${round}`), content(`new-${round}`, 3000))
  // What is compared again and again stays small.
  rmSync(at(`large-${round - 1}`), { force: true })
  writeFileSync(at(`large-${round}`), content(`large-${round}`, 2_200_000))
  writeFileSync(at(`over-${round}`), content(`over-${round}-again`, 2500))
  rmSync(at(`gone-${round}`))
  renameSync(at(`move-${round}`), at(`moved-${round}`))
  chmodSync(at(`mode-${round}`), 0o755)
  utimesSync(at(`mode-${round}`), 1_700_000_000, 1_700_000_000 + round)
  mkdirSync(at(`dir-${round}/below`), { recursive: true })
  writeFileSync(at(`dir-${round}/below/in`), content(`in-${round}`, 100))
  rmSync(at(`old-${round}/in`))
  rmdirSync(at(`old-${round}`))
  prepare(root, round + 1)
}

describe('a daemon', () => {
  it('may be killed at every point where it makes something durable', { timeout: 1_400_000 }, async () => {
    await using anna = new AimedDevice('anna')
    await using ben = new AimedDevice('ben')
    await Promise.all([anna.start(), ben.start()])
    await pair(anna, ben)
    mkdirSync(anna.path('Photos'))
    prepare(anna.path('Photos'), 0)
    const { here, there } = await share(anna, ben)
    await until('the first sync', same(here, there))
    await untilInSync(anna, ben)
    const reached = new Set<string>()
    let deaths = 0
    for (const [round, each] of CASES.entries()) {
      const hasDied = await die(anna, ben, { here, there }, round, each)
      if (hasDied) reached.add(`${each.side} ${each.point}`)
      deaths += Number(hasDied)
      assert.ok(hasDied, `the ${each.side} never came to "${each.point}"`)
    }
    deaths += await dieInCommands(anna, ben)
    recordFigure('killed-at-commit-points', {
      'commit points, on the side that sends or receives': reached.size + OF_COMMANDS.length,
      'kills at them': deaths,
      'files lost': 0,
      'files seen half-written': 0,
      'left behind in .holt/incoming': 0,
    })
  })
})

async function die(
  anna: AimedDevice,
  ben: AimedDevice,
  { here, there }: { readonly here: string; readonly there: string },
  round: number,
  each: Case,
): Promise<boolean> {
  const victim = each.side === 'sender' ? anna : ben
  const what = `killed ${each.when} the ${each.side} came to "${each.point}" (${each.no})`
  const before = [...filesBelow(there)].map(([, bytes]) => bytes.toString('latin1'))
  await victim.aim({ point: each.point, no: each.no, when: each.when })
  work(here, round)
  const meant = digest(here)
  const isOver = async (): Promise<boolean> => same(here, there)() && (await isQuiet(anna)) && (await isQuiet(ben))
  const hasDied = await victim.dies(isOver, REACH_MS)
  assert.deepEqual([...halves(here), ...halves(there)], [], what)
  await victim.aim(null)
  if (hasDied) await victim.start()
  await until(`both are the same, ${what}`, same(here, there))
  assert.equal(digest(here), meant, `${what}: something of the sender's has changed`)
  await untilInSync(anna, ben)
  const after = new Set([...filesBelow(there)].map(([, bytes]) => bytes.toString('latin1')))
  const kept = keptContents(there)
  for (const bytes of before) assert.ok(after.has(bytes) || kept.has(bytes), `${what}: ${bytes.slice(0, 40)} is lost`)
  assert.deepEqual([...leftInIncoming(here), ...leftInIncoming(there)], [], what)
  return hasDied
}

/** Everything was published and acknowledged; false too for one that does not answer any more. */
async function isQuiet(device: AimedDevice): Promise<boolean> {
  try {
    return isInSync(await device.folder('Photos'))
  } catch {
    return false
  }
}

/** A command whose daemon dies in the middle of it: typed again, it does what it should. */
async function dieInCommands(anna: AimedDevice, ben: AimedDevice): Promise<number> {
  const aims = OF_COMMANDS.flatMap((point) => [
    { point, no: 1, when: 'before' } as const,
    { point, no: 1, when: 'after' } as const,
  ])
  for (const [i, aim] of scaled({ small: [], full: aims }).entries()) {
    const name = `More-${i}`
    mkdirSync(anna.path(name))
    writeFileSync(anna.path(name, 'note'), content(name, 10))
    await anna.aim(aim)
    await anna.holt('add', anna.path(name))
    assert.ok(await anna.dies(() => false, REACH_MS), `the command never came to "${aim.point}"`)
    await anna.aim(null)
    await anna.start()
    await anna.holt('add', anna.path(name))
    const offered = async (): Promise<number> => (await ben.folders()).filter((folder) => folder.name === name).length
    await until(`${name} is offered`, async () => (await offered()) > 0)
    assert.equal(await offered(), 1)
    await ben.mustHolt('accept', name, ben.path(name), '--yes')
    await until(`${name} is the same`, same(anna.path(name), ben.path(name)))
    assert.ok(readFileSync(ben.path(name, 'note')).equals(content(name, 10)))
  }
  return scaled({ small: 0, full: aims.length })
}

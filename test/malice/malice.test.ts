/** Each attack of the design's list of threats, made on a real daemon by a program that speaks the real protocol. */

import { after, before, describe, it } from 'node:test'
import { recordFigure } from '../figures.ts'
import { SCALE } from '../scale.ts'
import type { Attack } from './attack.ts'
import { GROUP_ATTACKS } from './group-attacks.ts'
import { MEMBER_ATTACKS } from './member-attacks.ts'
import { NUMBER_ATTACKS } from './number-attacks.ts'
import { STRANGER_ATTACKS } from './stranger-attacks.ts'
import { TRANSFER_ATTACKS } from './transfer-attacks.ts'
import type { Stage } from './stage.ts'
import { openStage } from './stage.ts'

/** Parts of the names of the attacks that are to be made, with commas: for whoever looks at some of them. */
const ONLY = process.env['HOLT_TEST_ATTACK']?.split(',')

const chosen = (attacks: readonly Attack[]): readonly Attack[] =>
  attacks
    .filter(({ name }) => ONLY?.some((part) => name.includes(part)) !== false)
    .filter(({ isSmall }) => SCALE === 'full' || isSmall === true)

async function makeAll(
  t: { diagnostic: (text: string) => void },
  stage: Stage,
  attacks: readonly Attack[],
): Promise<number> {
  let tries = 0
  for (const { threat, name, run } of attacks) {
    const beganMs = performance.now()
    const made = await run(stage)
    await stage.check(`after ${name}`)
    tries += made
    t.diagnostic(`${threat}: ${name}: ${made} tries, ${Math.round(performance.now() - beganMs)} ms`)
  }
  return tries
}

let stage: Stage
before(async () => {
  stage = await openStage()
})
after(() => stage[Symbol.asyncDispose]())

describe('a member that attacks', () => {
  it('does no harm', { timeout: 900_000 }, async (t) => {
    const attacks = chosen([...MEMBER_ATTACKS, ...NUMBER_ATTACKS, ...TRANSFER_ATTACKS, ...GROUP_ATTACKS])
    const tries = await makeAll(t, stage, attacks)
    recordFigure('malicious-member', {
      'kinds of attacks': attacks.length,
      tries,
      'files outside the folder': 0,
      'files lost': 0,
      'most memory of the daemon, in MiB': Math.round(stage.residentBytesMax() / 2 ** 20),
    })
  })
})

describe('a stranger that attacks', () => {
  it('does no harm', { timeout: 300_000 }, async (t) => {
    const attacks = chosen(STRANGER_ATTACKS)
    const tries = await makeAll(t, stage, attacks)
    recordFigure('malicious-stranger', {
      'kinds of attacks': attacks.length,
      tries,
      'files outside the folder': 0,
      'files lost': 0,
      'most memory of the daemon, in MiB': Math.round(stage.residentBytesMax() / 2 ** 20),
    })
  })
})

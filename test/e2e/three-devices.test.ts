/** Three devices, of which the third has met only the second: they keep a folder the same whatever dies, and can part. */

import assert from 'node:assert/strict'
import { randomBytes, randomInt } from 'node:crypto'
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe } from 'node:test'
import { itInFull, scaled } from '../scale.ts'
import { Device, digest, pair, until } from './device.ts'

const ROUNDS = scaled({ small: 2, full: 8 })
const FILES_A_ROUND = 12
/** Enough that the one who is killed is often in the middle of it. */
const LARGE_BYTES = 3_000_000
/** Long enough for a change to arrive, were there still a way. */
const ARRIVAL_MS = 3000

interface Three {
  readonly anna: Device
  readonly ben: Device
  readonly carol: Device
}

const rootOf = (device: Device): string => device.path('Photos')
const areSame = (...devices: readonly Device[]): boolean =>
  new Set(devices.map((each) => digest(rootOf(each)))).size === 1

/** Anna and Ben are paired, Ben and Carol are; all three keep `Photos`. */
async function withThree(body: (three: Three) => Promise<void>): Promise<void> {
  await using anna = new Device('anna')
  await using ben = new Device('ben')
  await using carol = new Device('carol')
  const all = [anna, ben, carol]
  await Promise.all(all.map((device) => device.start()))
  await pair(anna, ben)
  await pair(ben, carol)
  mkdirSync(rootOf(anna))
  writeFileSync(join(rootOf(anna), 'first.txt'), 'of anna')
  await anna.mustHolt('add', rootOf(anna))
  for (const device of [ben, carol]) await device.mustHolt('accept', 'Photos', rootOf(device), '--yes')
  await until('the first sync', () => areSame(...all) && digest(rootOf(carol)).includes('first.txt'))
  await body({ anna, ben, carol })
}

/** New files, a large one, and a rename of one that the device made before. */
function work(device: Device, round: number): void {
  const at = (name: string): string => join(rootOf(device), `${device.name}-${name}`)
  for (let i = 0; i < FILES_A_ROUND; i += 1) writeFileSync(at(`${round}-${i}`), randomBytes(20_000))
  writeFileSync(at(`${round}-large`), randomBytes(LARGE_BYTES))
  if (round > 0) renameSync(at(`${round - 1}-0`), at(`${round - 1}-renamed`))
}

/** What is there of a device in the end. */
function namesOf({ name }: Device): string[] {
  const names = []
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let i = 1; i < FILES_A_ROUND; i += 1) names.push(`${name}-${round}-${i}`)
    names.push(`${name}-${round}-large`, `${name}-${round}-${round < ROUNDS - 1 ? 'renamed' : '0'}`)
  }
  return names
}

describe('three devices, of which the third has met only the second', () => {
  itInFull('end the same, with everything, whichever of them is killed at any moment', async (t) => {
    await withThree(async ({ anna, ben, carol }) => {
      const all = [anna, ben, carol] as const
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const device of all) work(device, round)
        const victim = all[round % 3] ?? anna
        const afterMs = randomInt(600)
        t.diagnostic(`${victim.name} is killed after ${afterMs} ms`)
        await delay(afterMs)
        await victim.kill()
        await victim.start()
      }
      await until('all three are the same', () => areSame(...all), 60_000)
      const names = readdirSync(rootOf(carol)).filter((name) => name !== '.holt')
      assert.deepEqual(names.sort(), ['first.txt', ...all.flatMap(namesOf)].sort())
      assert.deepEqual((await anna.status()).devices.map(({ name }) => name).sort(), ['anna', 'ben', 'carol'])
    })
  })

  itInFull(
    'part: the one that is removed is cut off and told so, the one that leaves is alone, and both keep all files',
    async () => {
      await withThree(async ({ anna, ben, carol }) => {
        const kept = digest(rootOf(carol))
        await anna.mustHolt('device', 'remove', 'carol')
        await until('carol is told', async () =>
          (await carol.holt('status')).stdout.includes('was removed from the group'),
        )
        writeFileSync(join(rootOf(anna), 'secret.txt'), 'not for carol')
        writeFileSync(join(rootOf(carol), 'unheard.txt'), 'for nobody')
        await until('ben has it', () => digest(rootOf(ben)).includes('secret.txt'))
        await delay(ARRIVAL_MS)
        assert.ok(!digest(rootOf(carol)).includes('secret.txt') && !digest(rootOf(ben)).includes('unheard.txt'))
        assert.ok(digest(rootOf(carol)).startsWith(kept.slice(0, kept.indexOf('\n'))), 'it keeps what it has')

        const before = digest(rootOf(ben))
        const { device } = (await ben.status()).daemon
        assert.match(await ben.mustHolt('leave'), /alone in .*\n.*All files stay:\n.*Photos in /)
        await until('ben is somebody else, alone', async () => {
          const status = (await ben.ask('/status')) as Awaited<ReturnType<Device['status']>> | undefined
          return status !== undefined && status.devices.length === 1 && status.daemon.device !== device
        })
        await until('anna knows', async () => (await anna.status()).devices.length === 1)
        writeFileSync(join(rootOf(anna), 'later.txt'), 'after the parting')
        await delay(ARRIVAL_MS)
        assert.equal(digest(rootOf(ben)), before, 'all files are there, and no new ones come')
      })
    },
  )
})

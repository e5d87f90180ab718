/** A large file whose transfer is cut off by the death of either side: what is sent again, counted on the wire. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe } from 'node:test'
import { itInFull, scaled } from '../scale.ts'
import type { Device } from './device.ts'
import { until } from './device.ts'
import { OwnNetwork, ownNetworkSkipReason } from './own-network.ts'
import { same, share, untilInSync, withPair } from './pairs.ts'

const MEBIBYTE = 2 ** 20
const FILM_BYTES = scaled({ small: 48, full: 96 }) * MEBIBYTE
/** When the one is killed. */
const HALF_BYTES = scaled({ small: 20, full: 40 }) * MEBIBYTE
/** What may be sent again. */
const AGAIN_BYTES_MAX = 16 * MEBIBYTE
/** Headers, handshakes and manifests, of all that is sent. */
const OVERHEAD_SHARE = 0.02
const skip = ownNetworkSkipReason()

async function afterDeathOf(victim: (anna: Device, ben: Device) => Device): Promise<number> {
  using network = await OwnNetwork.open()
  let sent = 0
  await withPair(
    async (anna, ben) => {
      mkdirSync(anna.path('Photos'))
      const { here, there } = await share(anna, ben)
      await untilInSync(anna, ben)
      const before = network.bytes
      writeFileSync(join(here, 'film.mp4'), randomBytes(FILM_BYTES))
      while (network.bytes - before < HALF_BYTES) await delay(1)
      const killed = victim(anna, ben)
      await killed.kill()
      const parts = readdirSync(join(there, '.holt/incoming'))
      assert.ok(
        parts.some((name) => name.endsWith('.part')) && !existsSync(join(there, 'film.mp4')),
        'it is half there',
      )
      await killed.start()
      await until('the film', same(here, there))
      await untilInSync(anna, ben)
      sent = network.bytes - before
      const told = (await anna.events()).filter((event) => event.kind === 'transfer.file-progress')
      assert.ok(
        told.some(({ direction, rate }) => direction === 'up' && rate > 0),
        'who sends says so, too',
      )
    },
    { prefix: () => network.prefix },
  )
  return sent
}

describe('a large file on its way', () => {
  for (const [who, victim] of [
    ['receiver', (_: Device, ben: Device) => ben],
    ['sender', (anna: Device) => anna],
  ] as const) {
    itInFull(`sends at most 16 MiB again when the ${who} is killed`, { skip, timeout: 120_000 }, async (t) => {
      const again = (await afterDeathOf(victim)) - FILM_BYTES
      t.diagnostic(`${(again / MEBIBYTE).toFixed(1)} MiB more than the file crossed the wire`)
      assert.ok(again <= AGAIN_BYTES_MAX + FILM_BYTES * OVERHEAD_SHARE, `${again} bytes were sent again`)
    })
  }
})

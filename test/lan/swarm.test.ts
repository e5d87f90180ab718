/** A device that pulls from two holders at once, each behind a line of its own. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { digest } from '../e2e/device.ts'
import { LanDevice, until } from './lan-device.ts'
import { PATIENCE_MS, pair } from './lan-pairing.ts'
import type { Host, Lan } from './namespaces.ts'
import { lanSkipReason, makeLan } from './namespaces.ts'

const MIB = 1024 * 1024
/** What the line of each holder carries. */
const LINE_BYTES_PER_SECOND = 2 * MIB
const FOLDERS = ['One', 'Two'] as const
/** A large file and many small ones. */
const LARGE_BYTES = 20 * MIB
const SMALL_BYTES = 16_384
const SMALL_FILES = 256
const FOLDER_BYTES = LARGE_BYTES + SMALL_FILES * SMALL_BYTES

const skip = lanSkipReason()

describe('a third device on a LAN', () => {
  it(
    'pulls from two holders at once, and is faster than from one when the line of each is limited',
    { skip },
    async (t) => {
      using lan = makeLan(3, 'none')
      await using laptop = new LanDevice('laptop', hostOf(lan, 0))
      await using desktop = new LanDevice('desktop', hostOf(lan, 1))
      await using server = new LanDevice('server', hostOf(lan, 2))
      for (const folder of FOLDERS) fill(laptop, folder)
      await pair(laptop, desktop)
      await pair(desktop, server)
      for (const folder of FOLDERS) await laptop.mustRun(`holt add ~/${folder}`)
      await desktop.mustRun('holt accept Two ~/Two')
      await untilEqual('Two', laptop, desktop)
      for (const { host } of [laptop, desktop]) host.limitLine(LINE_BYTES_PER_SECOND)
      const one = await timed('One', server, [laptop])
      const two = await timed('Two', server, [laptop, desktop])
      t.diagnostic(
        `one holder ${one.tookMs} ms, two holders ${two.tookMs} ms, which sent ${two.sentBytes.join(' and ')} bytes`,
      )
      assert.ok(
        one.tookMs >= (FOLDER_BYTES * 1000) / LINE_BYTES_PER_SECOND / 1.1,
        'the line of the first is not limited',
      )
      assert.ok(two.tookMs <= 0.75 * one.tookMs, `${two.tookMs} ms with two, ${one.tookMs} ms with one`)
      for (const bytes of two.sentBytes) assert.ok(bytes >= FOLDER_BYTES / 3, `${two.sentBytes.join(' and ')} bytes`)
    },
  )
})

/** How long a device takes to have all of a folder, and what the lines of its holders carried meanwhile. */
async function timed(
  folder: string,
  device: LanDevice,
  holders: readonly LanDevice[],
): Promise<{ tookMs: number; sentBytes: readonly number[] }> {
  const before = holders.map(({ host }) => host.sentBytes())
  const startMs = performance.now()
  await device.mustRun(`holt accept ${folder} ~/${folder}`)
  await untilEqual(folder, device, ...holders)
  const tookMs = Math.round(performance.now() - startMs)
  return { tookMs, sentBytes: holders.map(({ host }, i) => host.sentBytes() - (before[i] ?? 0)) }
}

function fill(device: LanDevice, folder: string): void {
  mkdirSync(device.path(folder))
  writeFileSync(device.path(folder, 'large'), randomBytes(LARGE_BYTES))
  for (let i = 0; i < SMALL_FILES; i++) writeFileSync(device.path(folder, `small-${i}`), randomBytes(SMALL_BYTES))
}

async function untilEqual(folder: string, ...devices: readonly LanDevice[]): Promise<void> {
  const digests = (): Set<string> => new Set(devices.map((device) => digest(device.path(folder))))
  await until(`${folder} is equal`, () => digests().size === 1, PATIENCE_MS)
}

function hostOf(lan: Lan, index: number): Host {
  const host = lan.hosts[index]
  assert.ok(host)
  return host
}

/** The session of the README, on machines that share nothing but a switch, and what a LAN does to devices afterwards. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, it } from 'node:test'
import { digest } from '../e2e/device.ts'
import type { Running } from './lan-device.ts'
import { LanDevice, until } from './lan-device.ts'
import { PATIENCE_MS, join, pair, shownCode } from './lan-pairing.ts'
import type { Host, Lan } from './namespaces.ts'
import { lanSkipReason, makeLan } from './namespaces.ts'
import type { Typed } from './session.ts'
import { SHOWN_CODE, missingLine, patternOf, readSession } from './session.ts'

const README = new URL('../../README.md', import.meta.url)
const LINK_DOWN_MS = 30_000
/** How soon a removed device has lost its connections to all others. */
const CUT_OFF_MS_MAX = 5_000
/** Long enough for a change to arrive, were there still a way. */
const ARRIVAL_MS = 5_000
/** Commands that only look: they are typed again until they show what is still on its way. */
const LOOKING = /^(ls|cat|holt (status|ls|devices|folders))\b/

/** As `/proc/net/tcp` writes them. */
const TCP_ESTABLISHED = '01'
const LOOPBACK = '0100007F'

const skip = lanSkipReason()

describe('three devices on a LAN without a way out', () => {
  it('do what the README shows, survive what a LAN does, and send nothing beyond the link', { skip }, async (t) => {
    using lan = makeLan(3, 'none')
    await using laptop = new LanDevice('laptop', hostOf(lan, 0))
    await using desktop = new LanDevice('desktop', hostOf(lan, 1))
    await using server = new LanDevice('server', hostOf(lan, 2))
    laptop.write('Photos/beach.jpg', 'not really a photo'.repeat(10_000))
    laptop.write('Photos/notes.txt', 'Three days by the sea.\n')
    const devices = [laptop, desktop, server]

    await t.test('the session of the README goes as it is shown', async () => {
      await replay(await readSession(README), new Map([laptop, desktop].map((device) => [device.name, device])))
    })
    await t.test('a third device that is paired with one of them syncs with both', async () => {
      await pair(desktop, server)
      await server.mustRun('holt accept Photos ~/Photos')
      await untilEqual(devices)
      await desktop.mustRun('holt stop')
      server.write('Photos/from-server.txt', 'The laptop has never met me.')
      await untilThere('from-server.txt', [laptop, server])
      await desktop.mustRun('holt start')
      await untilEqual(devices)
    })
    await t.test('a link that is down for a while is survived, with edits on both sides of it', async () => {
      await loseLink(desktop, devices)
    })
    await t.test('a removed device is cut off at once, and hears nothing more', async () => {
      await cutOff(laptop, desktop, server)
    })
    // Looked at now: what the kernel resends for an address that is gone counts as without a route, though nothing leaves.
    assert.equal(lan.packetsToOutside(), 0, 'packets were sent beyond the link')
    await t.test('a change of address is survived', async () => {
      desktop.host.setAddress('10.77.0.77')
      desktop.write('Photos/moved.txt', 'From another address.')
      laptop.write('Photos/to-moved.txt', 'To another address.')
      await untilThere('moved.txt', [laptop, desktop])
      await untilThere('to-moved.txt', [laptop, desktop])
    })
  })
})

/** Types the session; each output has to come, with this machine's numbers, names of homes and code. */
async function replay(session: readonly Typed[], devices: ReadonlyMap<string, LanDevice>): Promise<void> {
  assert.ok(session.length >= 8, 'the session of the README is cut short')
  let code = SHOWN_CODE
  let showing: { readonly typed: Typed; readonly running: Running; readonly device: LanDevice } | undefined
  for (const typed of session) {
    const device = devices.get(typed.device)
    assert.ok(device, `the README has a device "${typed.device}" that this test does not know`)
    if (typed.command === 'holt pair') {
      showing = { typed, device, running: device.begin(typed.command) }
      code = await shownCode(showing.running)
    } else if (typed.command === 'holt pair --join') {
      const shown = await join(device, code)
      assertShown(typed, shown, { code, home: device.home })
      assert.ok(showing, 'the README joins before it shows a code')
      assertShown(showing.typed, (await showing.running.ended).shown, { code, home: showing.device.home })
    } else {
      await runShown(device, typed, { code, home: device.home })
    }
  }
}

type Own = Parameters<typeof patternOf>[1]

async function runShown(device: LanDevice, typed: Typed, own: Own): Promise<void> {
  const expected = typed.output.map((line) => patternOf(line, own))
  let shown = ''
  const isShown = async (): Promise<boolean> => {
    shown = await device.run(typed.command)
    return missingLine(expected, shown) === undefined
  }
  if (LOOKING.test(typed.command)) await until(typed.command, isShown, PATIENCE_MS).catch(() => undefined)
  else await isShown()
  assertShown(typed, shown, own)
}

function assertShown({ device, command, output }: Typed, shown: string, own: Own): void {
  const missing = missingLine(
    output.map((line) => patternOf(line, own)),
    shown,
  )
  assert.equal(missing, undefined, `${device}$ ${command} lacks ${String(missing)} and shows:\n${shown}`)
}

async function loseLink(lost: LanDevice, devices: readonly LanDevice[]): Promise<void> {
  lost.host.setCable(false)
  for (const device of devices)
    device.write(`Photos/alone/${device.name}.txt`, `${device.name}, while the link was down`)
  await delay(LINK_DOWN_MS)
  const others = devices.filter((device) => device !== lost)
  assert.ok(others.every((device) => device.read(`Photos/alone/${lost.name}.txt`) === undefined))
  lost.host.setCable(true)
  for (const { name } of devices) await untilThere(`alone/${name}.txt`, devices)
  await untilEqual(devices)
}

async function cutOff(remover: LanDevice, other: LanDevice, removed: LanDevice): Promise<void> {
  const before = connections(removed.host)
  assert.ok(before.size >= 2, 'the device to be removed is not connected to both others')
  await remover.mustRun(`holt device remove ${removed.name}`)
  const isCut = (): boolean => connections(removed.host).isDisjointFrom(before)
  await until(`${removed.name} has lost the connections that it had`, isCut, CUT_OFF_MS_MAX)
  remover.write('Photos/secret.txt', 'Not for the removed one.')
  removed.write('Photos/late.txt', 'From the removed one.')
  await untilThere('secret.txt', [remover, other])
  await delay(ARRIVAL_MS)
  assert.equal(removed.read('Photos/secret.txt'), undefined)
  for (const device of [remover, other]) assert.equal(device.read('Photos/late.txt'), undefined)
  assert.match(await removed.run('holt status'), /This device was removed from the group/)
}

/** Established TCP connections of a host by both ends, those of its loopback interface left out. */
function connections(host: Host): Set<string> {
  const [program, ...args] = host.prefix
  const text = execFileSync(program, [...args, 'cat', '/proc/net/tcp', '/proc/net/tcp6'], { encoding: 'utf8' })
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/))
  const ends = rows.flatMap(([, local = '', remote = '', state]) =>
    state === TCP_ESTABLISHED ? [`${local} ${remote}`] : [],
  )
  return new Set(ends.filter((pair) => !pair.includes(LOOPBACK)))
}

async function untilThere(name: string, devices: readonly LanDevice[]): Promise<void> {
  const isThere = (): boolean => devices.every((device) => device.read(`Photos/${name}`) !== undefined)
  await until(`${name} is on ${devices.map((device) => device.name).join(', ')}`, isThere, PATIENCE_MS)
}

async function untilEqual(devices: readonly LanDevice[]): Promise<void> {
  const digests = (): Set<string> => new Set(devices.map((device) => digest(device.path('Photos'))))
  await until('all folders are equal', () => digests().size === 1, PATIENCE_MS)
}

function hostOf(lan: Lan, index: number): Host {
  const host = lan.hosts[index]
  assert.ok(host)
  return host
}

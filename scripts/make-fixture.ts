/**
 * Keeps two whole devices as this version of Holt writes them, for all later versions to open:
 *
 *     node scripts/make-fixture.ts v2
 *
 * Run it at each release that changes what is on the disk or on the wire. What it wrote once is never edited.
 */

import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as protocols from '../protocol/protocols.ts'
import { Device, digest, pair, until } from '../test/e2e/device.ts'
import { same, share, untilInSync } from '../test/e2e/pairs.ts'

const ROOT = new URL('..', import.meta.url).pathname
/** Of a home: what only a running daemon has, and what grows without meaning anything later. */
const LEFT_OUT = /(^|\/)(log|crash|daemon\.(pid|lock)|holt\.sock|api\.sock|.*-shm|.*-wal)$/
/** Bytes of the largest file: more than one chunk. */
const LARGE_BYTES = 1_100_000

const name = process.argv[2]
if (name === undefined || !/^v\d+$/.test(name)) throw new Error('say which: node scripts/make-fixture.ts v2')
const fixture = join(ROOT, 'test/fixtures', name)
if (existsSync(fixture)) throw new Error(`${fixture} is there already: what was released is never made anew`)

await using anna = new Device('anna')
await using ben = new Device('ben')
await Promise.all([anna.start(), ben.start()])
await pair(anna, ben)
const { here, there } = await share(anna, ben)
await makeHistory(anna, ben, here, there)
await untilInSync(anna, ben)
const expected = { ...(await factsOf(anna)), folder: 'Photos', files: digest(here), ...wireFacts() }
await Promise.all([anna.stop(), ben.stop()])
for (const device of [anna, ben]) keep(device)
writeFileSync(join(fixture, 'expected.json'), `${JSON.stringify(expected, null, 2)}\n`)

/** An edit that left a kept version, a deletion that left a tombstone, and a conflict. */
async function makeHistory(one: Device, other: Device, hereAt: string, thereAt: string): Promise<void> {
  mkdirSync(join(hereAt, 'deep/empty'), { recursive: true })
  writeFileSync(join(hereAt, 'deep/large.bin'), Buffer.alloc(LARGE_BYTES, 'Holt keeps it. '))
  writeFileSync(join(hereAt, 'letter.txt'), 'Dear Ada')
  writeFileSync(join(hereAt, 'note.txt'), 'first')
  writeFileSync(join(hereAt, 'old.txt'), 'soon gone')
  writeFileSync(join(hereAt, 'Grüße.txt'), 'ß')
  await until('the first sync', () => same(hereAt, thereAt)() && digest(hereAt).includes('old.txt'))
  writeFileSync(join(hereAt, 'letter.txt'), 'Dearest Ada')
  rmSync(join(hereAt, 'old.txt'))
  await until('the edit', same(hereAt, thereAt))
  await untilInSync(one, other)
  await other.stop()
  writeFileSync(join(hereAt, 'note.txt'), 'by anna')
  writeFileSync(join(thereAt, 'note.txt'), 'by ben!')
  await other.start()
  await until('the conflict', () => same(hereAt, thereAt)() && digest(hereAt).includes('.conflict-'))
}

async function factsOf(device: Device): Promise<object> {
  const { devices, folders } = await device.status()
  return {
    release: (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version,
    devices: Object.fromEntries(devices.map((each) => [each.name, each.id])),
    digest: folders[0]?.digest,
    conflicts: folders[0]?.conflicts,
  }
}

/** The protocols that this version speaks, and the bytes of its vectors. */
function wireFacts(): object {
  const directory = join(ROOT, 'test/vectors')
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()
  const files = names.filter((file) => statSync(join(directory, file)).isFile())
  return {
    protocols: Object.values(protocols).flatMap((each) => (typeof each === 'function' ? [] : [each.id])),
    vectors: Object.fromEntries(files.map((file) => [file, sha256(join(directory, file))])),
  }
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

function keep(device: Device): void {
  const isKept = (path: string): boolean => !LEFT_OUT.test(path)
  cpSync(device.home, join(fixture, device.name, 'home'), { recursive: true, preserveTimestamps: true, filter: isKept })
  cpSync(device.path('Photos'), join(fixture, device.name, 'Photos'), { recursive: true, preserveTimestamps: true })
}

/** What an earlier Holt left is opened by this one; what a later one left is refused as it is. */

import assert from 'node:assert/strict'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import Database from 'better-sqlite3'
import { EXIT } from '../../protocol/api/constants.ts'
import { openCatalogue } from '../../daemon/catalogue/catalogue.ts'
import { createNativeCrypto } from '../../daemon/native-crypto.ts'
import { parseDeviceId } from '../../protocol/ids.ts'
import { ROOT } from '../../protocol/path.ts'
import * as protocols from '../../protocol/protocols.ts'
import { recordFigure } from '../figures.ts'
import { Device, digest, until } from './device.ts'
import { assertSaid } from './said.ts'
import { same, untilInSync } from './pairs.ts'

const FIXTURES = new URL('../fixtures/', import.meta.url).pathname
const VECTORS = new URL('../vectors/', import.meta.url).pathname
const VERSIONS = readdirSync(FIXTURES).filter((name) => /^v\d+$/.test(name))

interface Expected {
  readonly devices: Readonly<Record<string, string>>
  readonly digest: string
  readonly conflicts: number
  readonly files: string
  readonly protocols: readonly string[]
  readonly vectors: Readonly<Record<string, string>>
}

function expectedOf(version: string): Expected {
  return JSON.parse(readFileSync(join(FIXTURES, version, 'expected.json'), 'utf8')) as Expected
}

/** Brings a kept device to where a test device is; git keeps neither modes nor times nor empty directories. */
function bring(device: Device, version: string, { files }: Expected): string {
  const root = device.path('Photos')
  cpSync(join(FIXTURES, version, device.name, 'home'), device.home, { recursive: true, preserveTimestamps: true })
  cpSync(join(FIXTURES, version, device.name, 'Photos'), root, { recursive: true, preserveTimestamps: true })
  for (const line of files.split('\n')) if (line.endsWith('/')) mkdirSync(join(root, line), { recursive: true })
  for (const name of ['incoming', 'versions']) mkdirSync(join(root, '.holt', name), { recursive: true })
  close(device.home)
  setTimes(device, root, version)
  return root
}

/** Every file gets the time that its entry has, half a microsecond on so that no rounding loses a millisecond. */
function setTimes(device: Device, root: string, version: string): void {
  const self = parseDeviceId(expectedOf(version).devices[device.name])
  const copy = join(device.files, 'looked-at.db')
  cpSync(join(device.home, 'catalogue.db'), copy)
  using catalogue = openCatalogue({ file: copy, self, crypto: createNativeCrypto() })
  const rows = catalogue.read((tx) => tx.folders().flatMap((folder) => tx.ownLiveBelow(folder, ROOT, null, 1000)))
  for (const { entry } of rows) {
    const seconds = (entry.mtimeMs + 0.0005) / 1000
    if (entry.content.kind === 'file') utimesSync(join(root, entry.path), seconds, seconds)
  }
}

function close(path: string): void {
  const isDirectory = statSync(path).isDirectory()
  chmodSync(path, isDirectory ? 0o700 : 0o600)
  if (isDirectory) for (const name of readdirSync(path)) close(join(path, name))
}

describe('what an earlier Holt left', () => {
  for (const version of VERSIONS) {
    it(`as ${version} is opened, and everything is found: devices, folder, files, conflict, versions, and they sync`, async () => {
      const expected = expectedOf(version)
      await using anna = new Device('anna')
      await using ben = new Device('ben')
      const [here, there] = [bring(anna, version, expected), bring(ben, version, expected)]
      const kept = readdirSync(join(there, '.holt/versions'))
      await anna.start()
      const port = /\d+$/.exec(await anna.address())?.[0]
      const known = [[expected.devices['anna'], [`/ip4/127.0.0.1/tcp/${port}`]]]
      writeFileSync(join(ben.home, 'state/addresses'), JSON.stringify(known))
      await ben.start()
      for (const [device, root] of [
        [anna, here],
        [ben, there],
      ] as const) {
        await device.mustHolt('folder', 'move', 'Photos', root)
        const { devices } = await device.status()
        assert.deepEqual(Object.fromEntries(devices.map(({ id, name }) => [name, id])), expected.devices)
      }
      await untilInSync(anna, ben)
      for (const device of [anna, ben]) {
        const folder = await device.folder('Photos')
        assert.deepEqual([folder.digest, folder.conflicts], [expected.digest, expected.conflicts])
        const kinds = (await device.events()).map(({ kind }) => kind)
        assert.ok(!kinds.includes('transfer.file-start'), `${device.name} fetched nothing again`)
      }
      assert.deepEqual([digest(here), digest(there)], [expected.files, expected.files])
      assert.deepEqual(readdirSync(join(there, '.holt/versions')), kept)
      writeFileSync(join(here, 'new.txt'), 'written by this Holt')
      await until('they sync', same(here, there))
    })
  }

  it('on the wire is still spoken, and its vectors are what they were', () => {
    const spoken = Object.values(protocols).flatMap((each) => (typeof each === 'function' ? [] : [each.id]))
    let vectors = 0
    for (const version of VERSIONS) {
      const expected = expectedOf(version)
      assert.deepEqual(
        expected.protocols.filter((id) => !spoken.includes(id)),
        [],
      )
      for (const [name, sum] of Object.entries(expected.vectors)) {
        assert.equal(
          createHash('sha256')
            .update(readFileSync(join(VECTORS, name)))
            .digest('hex'),
          sum,
          name,
        )
        vectors += 1
      }
    }
    recordFigure('fixtures', { versions: VERSIONS.length, vectors })
  })
})

describe('a catalogue of a newer Holt', () => {
  it('is refused in one sentence with an exit status, and no byte of it changes', async () => {
    await using anna = new Device('anna')
    mkdirSync(anna.path('Photos'))
    await anna.start()
    await anna.mustHolt('add', anna.path('Photos'))
    await anna.stop()
    const file = join(anna.home, 'catalogue.db')
    const later = new Database(file)
    later.pragma('user_version = 99')
    later.close()
    rmSync(`${file}.sum`)
    const before = readFileSync(file)
    const said = await anna.holt('start')
    assertSaid(said, EXIT.failed, 'newer', /the catalogue was written by a newer Holt .* Update Holt here\./)
    assert.deepEqual(readFileSync(file), before)
  })
})

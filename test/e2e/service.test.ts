/** What the daemon says of itself, its folders and the other devices, seen through the real command line. */

import assert from 'node:assert/strict'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { itInFull } from '../scale.ts'
import { encode } from '../../protocol/codec.ts'
import { sealBody } from '../../protocol/crypto.ts'
import { openOp } from '../../protocol/group.ts'
import { deviceKey, idBytes } from '../../protocol/ids.ts'
import { openStateFiles } from '../../daemon/disk/state-files.ts'
import { loadIdentity } from '../../daemon/identity-file.ts'
import { createNativeCrypto } from '../../daemon/native-crypto.ts'
import { readGroupFile, writeGroupFile } from '../../daemon/sync/group-file.ts'
import { Device, pair, until } from './device.ts'

async function withPair(body: (anna: Device, ben: Device) => Promise<void>): Promise<void> {
  await using anna = new Device('anna')
  await using ben = new Device('ben')
  await Promise.all([anna.start(), ben.start()])
  await pair(anna, ben)
  mkdirSync(anna.path('Photos'))
  writeFileSync(anna.path('Photos/a.txt'), 'a')
  await anna.mustHolt('add', anna.path('Photos'))
  await ben.mustHolt('accept', 'Photos', ben.path('Photos'), '--yes')
  await until('in sync', async () => (await ben.holt('status')).stdout.includes('in sync with anna'))
  await body(anna, ben)
}

/** As a newer Holt would: an operation of a kind that this one does not know, in the log of a device that does not run. */
async function changeGroupAsNewer({ home }: Device): Promise<void> {
  const crypto = createNativeCrypto()
  const files = await openStateFiles(join(home, 'state'))
  const { signer } = await loadIdentity(files)
  const graph = await readGroupFile(files, crypto)
  assert.ok(graph)
  const hlc = [Date.now() + 60_000, 0]
  const prev = [...graph.heads].sort().map(idBytes)
  const body = encode([1, idBytes(graph.genesis.group), prev, deviceKey(signer.device), hlc, 99, ['something new']])
  const op = openOp(sealBody('group', body, signer, crypto), crypto)
  await writeGroupFile(files, [...graph.order, op])
}

describe('what a daemon says', () => {
  it('of another device is its platform and address, and of a folder when it was last in sync', async () => {
    await withPair(async (_, ben) => {
      const said = (await ben.mustHolt('devices', 'anna')).replaceAll(/ +/g, ' ')
      assert.match(said, new RegExp(`platform ${process.platform}`))
      assert.match(said, /address \/ip4\/127\.0\.0\.1\/tcp\/\d+/)
      assert.match((await ben.mustHolt('folders', 'Photos')).replaceAll(/ +/g, ' '), /last in sync 20\d\d-/)
    })
  })

  itInFull('of a halted folder is when it halted, also after a restart', async () => {
    await using anna = new Device('anna')
    await anna.start()
    mkdirSync(anna.path('Photos'))
    await anna.mustHolt('add', anna.path('Photos'))
    await anna.stop()
    renameSync(anna.path('Photos'), anna.path('Elsewhere'))
    const halt = async (): Promise<{ reason: string; sinceMs: number } | undefined> => {
      const said: unknown = JSON.parse((await anna.holt('status', '--json')).stdout)
      const [folder] = (said as { folders: { state: { halt?: { reason: string; sinceMs: number } } }[] }).folders
      return folder?.state.halt
    }
    await anna.start()
    await until('it halts', async () => (await halt()) !== undefined)
    const first = await halt()
    await anna.stop()
    await anna.start()
    await until('it halts again', async () => (await halt()) !== undefined)
    assert.deepEqual(await halt(), first)
    assert.equal(first?.reason, 'root-missing')
  })

  itInFull('of a group that a newer Holt has changed is to update, with exit status 6, on every device', async () => {
    await withPair(async (anna, ben) => {
      await anna.stop()
      await changeGroupAsNewer(anna)
      await anna.start()
      for (const device of [anna, ben]) {
        await until(`${device.name} stops`, async () => (await device.holt('status')).status === 6)
        const { stdout } = await device.holt('status')
        assert.match(stdout, /Photos .*halted/)
        assert.match(stdout, /update Holt on this device/)
      }
    })
  })
})

/** A home in which a daemon cannot start as it is: what a person reads, and that nothing is lost. */

import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { itInFull } from '../scale.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import { Device, digest, until } from './device.ts'
import { same, share, untilInSync, withPair } from './pairs.ts'
import { assertSaid } from './said.ts'

describe('a daemon that cannot start as it is', () => {
  itInFull(
    'is told of a first one on its home, of a home that others can read, and of a config that it cannot follow',
    async () => {
      await using anna = new Device('anna')
      await anna.start()
      const { daemon } = await anna.status()
      assertSaid(
        await anna.holt('daemon'),
        EXIT.refused,
        'second-daemon',
        RegExp(`process ${daemon.pid}\\b`),
        /holt stop/,
      )
      assert.equal((await anna.status()).daemon.pid, daemon.pid)
      await anna.stop()

      chmodSync(anna.home, 0o755)
      assertSaid(await anna.holt('start'), EXIT.refused, 'home-exposed', /chmod 700 /)
      chmodSync(anna.home, 0o700)

      const config = join(anna.home, 'config.toml')
      const before = readFileSync(config)
      writeFileSync(config, 'log-level = [[[')
      assertSaid(await anna.holt('start'), EXIT.failed, 'config-corrupt', /config\.toml, line 1: /)
      writeFileSync(config, 'log-levle = "info"\n')
      assertSaid(await anna.holt('start'), EXIT.failed, 'config-unknown-key', /Did you mean "log-level"\?/)
      writeFileSync(config, before)
      await anna.start()
      assert.equal((await anna.status()).daemon.device, daemon.device, 'it is still the same device')
    },
  )

  it('says which port is used by another program, and goes on with the next start', async () => {
    const taken = createServer().listen(0, '127.0.0.1').unref()
    await once(taken, 'listening')
    const address = taken.address()
    assert.ok(typeof address === 'object' && address !== null)
    await using anna = new Device('anna', { listen: `127.0.0.1:${address.port}` })
    assertSaid(await anna.holt('start'), EXIT.refused, 'port-in-use', RegExp(`Port ${address.port} `), /HOLT_LISTEN/)
    taken.close()
    await once(taken, 'close')
    assert.equal((await anna.holt('start')).status, EXIT.ok)
  })

  for (const { what, intact } of [
    { what: 'catalogue that is no database any more', intact: 100 },
    { what: 'catalogue whose pages are damaged', intact: 4096 },
  ]) {
    itInFull(`because of a ${what} makes it anew and says so, loses nothing and transfers nothing again`, async () => {
      await withPhotos(async (anna, ben) => {
        const isSame = (): boolean => digest(anna.path('Photos')) === digest(ben.path('Photos'))
        const before = statSync(ben.path('Photos/deep/a.jpg'), { bigint: true })
        const { device } = (await ben.status()).daemon
        await ben.stop()
        const catalogue = join(ben.home, 'catalogue.db')
        damage(catalogue, intact)
        await ben.start()
        const isSaid = async (): Promise<boolean> => (await ben.holt('status')).stdout.includes('rm "')
        await until('it says so', isSaid)
        await until('it knows everything again', async () => (await ben.folder('Photos')).state.kind === 'in-sync')

        const after = statSync(ben.path('Photos/deep/a.jpg'), { bigint: true })
        assert.deepEqual([after.ino, after.mtimeNs, after.ctimeNs], [before.ino, before.mtimeNs, before.ctimeNs])
        assert.ok(isSame())
        const kinds = (await ben.events()).map(({ kind }) => kind)
        assert.ok(!kinds.includes('transfer.file-start'), 'nothing is transferred again')
        const status = await ben.status()
        assert.equal(status.daemon.device, device)
        assert.deepEqual(status.devices.map(({ name }) => name).sort(), ['anna', 'ben'])
        assert.match((await ben.holt('logs', '-n', '200')).stdout, /catalogue\.corrupt/)
        assert.ok(existsSync(`${catalogue}.corrupt`), 'what could not be read is kept for whoever wants to look at it')
        writeFileSync(ben.path('Photos/b.jpg'), 'edited')
        await until('an edit goes on its way', isSame)
      })
    })
  }
})

/** Two devices in sync. */
async function withPhotos(body: (anna: Device, ben: Device) => Promise<void>): Promise<void> {
  await withPair(async (anna, ben) => {
    mkdirSync(anna.path('Photos/deep'), { recursive: true })
    writeFileSync(anna.path('Photos/deep/a.jpg'), Buffer.alloc(3_000_000, 'a'))
    writeFileSync(anna.path('Photos/b.jpg'), 'b')
    const { here, there } = await share(anna, ben)
    await until('the first sync', same(here, there))
    await untilInSync(anna, ben)
    await body(anna, ben)
  })
}

/** Garbage after the first bytes. */
function damage(file: string, intact: number): void {
  for (const suffix of ['-wal', '-shm']) assert.ok(!existsSync(file + suffix), 'it was closed')
  const bytes = readFileSync(file)
  writeFileSync(file, bytes.fill(0x5a, intact))
}

/** `holt sync` with real processes: without a daemon, interrupted, and watching. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { itInFull } from '../scale.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import { Device, digest, until } from './device.ts'

function makePair(device: Device): { source: string; destination: string } {
  const [source, destination] = [device.path('source'), device.path('destination')]
  mkdirSync(join(source, 'album'), { recursive: true })
  mkdirSync(destination)
  for (let count = 0; count < 5; count += 1) writeFileSync(join(source, 'album', `${count}.jpg`), `picture ${count}`)
  return { source, destination }
}

describe('holt sync', () => {
  it('needs no daemon: it starts one for the run and stops it after', async () => {
    await using anna = new Device('anna')
    const { source, destination } = makePair(anna)
    const plan = await anna.mustHolt('sync', source, destination, '--dry-run')
    assert.match(plan, /6 changes to be made/)
    assert.ok(!existsSync(join(source, '.holt')), 'a dry run leaves nothing')
    assert.match(await anna.mustHolt('sync', source, destination), /Done: 5 files up/)
    assert.equal(digest(destination), digest(source))
    assert.ok(!existsSync(join(anna.home, 'daemon.pid')), 'no daemon is left')
    writeFileSync(join(source, 'album', '0.jpg'), 'mine')
    writeFileSync(join(destination, 'album', '0.jpg'), 'yours')
    const manual = await anna.holt('sync', source, destination, '--on-conflict', 'manual')
    assert.equal(manual.status, EXIT.needsAttention)
    rmSync(join(source, 'album', '1.jpg'))
    const json = await anna.mustHolt('sync', source, destination, '--mode', 'std', '--json')
    const last: unknown = JSON.parse(json.trim().split('\n').at(-1) ?? '')
    assert.match(JSON.stringify(last), /"kind":"sync.done".*"deletesDestination":1/)
    assert.equal(digest(destination), digest(source))
  })

  itInFull('uses the daemon that runs, and goes on with each change of either side until Ctrl-C', async () => {
    await using anna = new Device('anna')
    const { source, destination } = makePair(anna)
    await anna.start()
    const watching = anna.begin('sync', source, destination, '--watch')
    await until('the first run', () => digest(destination) === digest(source))
    writeFileSync(join(destination, 'there.txt'), 'from the destination')
    await until('a change of the destination comes', () => existsSync(join(source, 'there.txt')))
    writeFileSync(join(source, 'there.txt'), 'edited on the source')
    await until('a change of the source comes', () => digest(destination) === digest(source))
    assert.equal(readFileSync(join(destination, 'there.txt'), 'utf8'), 'edited on the source')
    const busy = await anna.holt('sync', source, destination)
    assert.match(busy.stderr, /\[pair-busy\]/)
    watching.kill('SIGINT')
    await once(watching, 'close')
    assert.equal(watching.exitCode, EXIT.interrupted)
    await until('the pair is free again', async () => (await anna.holt('sync', source, destination)).status === EXIT.ok)
    assert.notEqual(await anna.ask('/status'), undefined, 'the daemon goes on')
  })
})

/** Directories that cannot be a folder, and files that cannot be synced: said with a reason, and no trouble for the others. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { EXIT } from '../../protocol/api/constants.ts'
import { itInFull } from '../scale.ts'
import { Device, digest, pair, until } from './device.ts'
import { ownDiskPrefix, ownDiskSkipReason, remountOf } from './own-disk.ts'
import { assertSaid } from './said.ts'

/** Root reads what nobody may read, unless it gives these rights away. */
const WITHOUT_RIGHTS_OF_ROOT = ['setpriv', '--bounding-set=-dac_override,-dac_read_search']
const isRoot = process.getuid?.() === 0

describe('a directory that cannot be a folder', () => {
  it('is refused with its reason: not there, no directory, inside or around another folder, or around the keys', async () => {
    await using anna = new Device('anna')
    await anna.start()
    mkdirSync(anna.path('Photos/2026/May'), { recursive: true })
    writeFileSync(anna.path('note.txt'), 'a note')
    await anna.mustHolt('add', anna.path('Photos/2026'))
    const add = (path: string, ...flags: string[]) => anna.holt('add', path, ...flags)
    assertSaid(await add(anna.path('Nowhere')), EXIT.notFound, 'path-not-found', /Nowhere does not exist\./)
    assertSaid(await add(anna.path('note.txt')), EXIT.usage, 'not-a-directory', /note\.txt is not a directory\./)
    assertSaid(await add(anna.path('Photos/2026/May')), EXIT.refused, 'root-overlap', /May lies inside .*folder "2026"/)
    assertSaid(await add(anna.path('Photos')), EXIT.refused, 'root-overlap', /Photos contains .*folder "2026"/)
    assertSaid(await add(anna.path('Photos/2026'), '--name', 'Again'), EXIT.refused, 'already-held', /folder "2026"/)
    for (const path of [anna.home, `${anna.home}/..`, `${anna.home}/state`]) {
      assertSaid(await add(path), EXIT.refused, 'root-private', /keys and state/)
    }
    assert.deepEqual(
      (await anna.status()).folders.map(({ name }) => name),
      ['2026'],
    )
    assert.ok(!existsSync(`${anna.home}/.holt`) && !existsSync(anna.path('Photos/.holt')), 'nothing was left behind')
  })

  itInFull(
    'is refused on a read-only disk, and a folder there halts until the disk can be written to',
    { skip: ownDiskSkipReason() },
    async () => {
      await using anna = new Device('anna', { prefix: (device) => ownDiskPrefix(device.path('disk'), 16) })
      mkdirSync(anna.path('disk'))
      await anna.start()
      const inside = ['nsenter', '-t', String(anna.pid), '-U', '-m', '--preserve-credentials']
      execFileSync('env', [...inside, 'mkdir', anna.path('disk/Photos'), anna.path('disk/More')])
      await anna.mustHolt('add', anna.path('disk/Photos'))
      const stateOf = async (): Promise<string> => (await anna.folder('Photos')).state.kind
      await until('nothing is left to do', async () => (await stateOf()) === 'in-sync')
      await remountOf(anna, anna.path('disk'), 'ro')
      assertSaid(
        await anna.holt('add', anna.path('disk/More')),
        EXIT.refused,
        'root-read-only',
        /More cannot be written to/,
      )
      await until('the folder there halts', async () => (await stateOf()) === 'halted')
      const { status, stdout } = await anna.holt('status')
      assert.equal(status, EXIT.needsAttention)
      assert.match(stdout, /disk\/Photos cannot be written to\. Make it writable; it goes on by itself\./)
      await remountOf(anna, anna.path('disk'), 'rw')
      await until('it goes on by itself', async () => (await stateOf()) === 'in-sync')
    },
  )
})

describe('a file that cannot be synced', () => {
  it('is listed with its reason and stops no others, and follows once it can be read', async () => {
    await using anna = new Device('anna', isRoot ? { prefix: () => WITHOUT_RIGHTS_OF_ROOT } : {})
    await using ben = new Device('ben')
    await Promise.all([anna.start(), ben.start()])
    await pair(anna, ben)
    const [here, there] = [anna.path('Photos'), ben.path('Photos')]
    mkdirSync(`${here}/album`, { recursive: true })
    writeFileSync(`${here}/album/kept.jpg`, 'was there before')
    await anna.mustHolt('add', here)
    await ben.mustHolt('accept', 'Photos', there, '--yes')
    await until('the first sync', () => digest(there).includes('kept.jpg'))

    chmodSync(`${here}/album`, 0)
    writeFileSync(`${here}/secret.txt`, 'for nobody', { mode: 0 })
    execFileSync('mkfifo', [`${here}/pipe`])
    const latin1 = Buffer.concat([Buffer.from(`${here}/caf`), Buffer.of(0xe9)])
    writeFileSync(latin1, 'written long ago')
    writeFileSync(`${here}/fine.txt`, 'like any other')
    await until('the others follow', () => digest(there).includes('fine.txt'))
    const shown = async (): Promise<string[]> =>
      (await anna.problems('Photos')).map(({ path, state }) => `${state} ${path}`).sort()
    await until('all are listed', async () => (await shown()).length === 5)
    // What lies in a directory that cannot be listed cannot be told to be as it was.
    const below = ['unreadable album', 'unreadable album/kept.jpg', 'unreadable secret.txt']
    assert.deepEqual(await shown(), ['blocked caf\ufffd', 'skipped pipe', ...below])
    const reasons = await anna.mustHolt('ls', 'Photos', '--state', 'problem')
    for (const words of [/cannot be written in UTF-8/, /device, socket or pipe/, /may not read it\. Change its/]) {
      assert.match(reasons, words)
    }
    assert.doesNotMatch(reasons, /\/proc\/|EACCES/, 'nothing that only a program understands')
    assert.match(
      (await anna.holt('status')).stdout,
      /4 paths of "Photos" cannot be synced\.\n.*holt ls "Photos" --state problem/,
    )
    assert.ok(digest(there).includes('album/kept.jpg'), 'what cannot be read is not taken for deleted')

    chmodSync(`${here}/album`, 0o755)
    chmodSync(`${here}/secret.txt`, 0o644)
    await until('what can be read now follows', () => digest(there).includes('secret.txt'))
    await until('it is no longer listed', async () => (await shown()).length === 2)
    assert.deepEqual(readdirSync(there).sort(), ['.holt', 'album', 'fine.txt', 'secret.txt'])
  })
})

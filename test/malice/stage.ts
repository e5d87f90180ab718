/**
 * Where attacks are made: a real daemon whose person has files in a folder and beside it, an honest device that keeps the folder,
 * too, and what has to hold after each attack.
 */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { DeviceId, FolderId } from '../../protocol/ids.ts'
import { parseFolderId } from '../../protocol/ids.ts'
import { Device, firstLine, pair, until } from '../e2e/device.ts'
import { filesBelow } from '../e2e/hands.ts'
import { ForgedLog } from './forge.ts'
import type { Manifest } from './mallory.ts'
import { Mallory } from './mallory.ts'

/** What a daemon may take at most, whatever is sent to it. */
export const RESIDENT_BYTES_MAX = 512 * 2 ** 20
/** Names that attacks try to make somewhere on this machine have this in them. */
export const EVIL = `holt-evil-${randomUUID()}`

export interface Stage extends AsyncDisposable {
  readonly victim: Device
  readonly honest: Device
  readonly victimId: DeviceId
  readonly address: string
  readonly port: number
  readonly folder: FolderId
  readonly root: string
  /** A member. */
  readonly mallory: Mallory
  /** Another member in the same hands, of which nothing is known yet. */
  accomplice(): Promise<Mallory>
  /** An empty log of the folder, by an author; its epoch is later than any before, unless it is given. */
  log(author?: Mallory, epoch?: number): ForgedLog
  /** Holds a manifest out to the victim. */
  offer(manifest: Manifest, from?: Mallory): ReturnType<Mallory['offer']>
  /** Fails unless the daemon is healthy, nothing of the person's is lost, and nothing lies outside the folder. */
  check(what: string): Promise<void>
  /** The most memory that the daemon ever had, in bytes. */
  residentBytesMax(): number
}

const PRECIOUS = ['diary.txt', 'photos/wedding.jpg'] as const

export async function openStage(): Promise<Stage> {
  await using stack = new AsyncDisposableStack()
  const [victim, honest] = [stack.use(new Device('victim')), stack.use(new Device('honest'))]
  const root = victim.path('Photos')
  mkdirSync(join(root, 'photos'), { recursive: true })
  for (const name of PRECIOUS) writeFileSync(join(root, name), `<${name} 0>\n`)
  mkdirSync(victim.path('outside'))
  writeFileSync(victim.path('outside/secret.txt'), 'nobody else may read or change this')
  await Promise.all([victim.start(), honest.start()])
  await pair(victim, honest)
  await victim.mustHolt('add', root)
  await honest.mustHolt('accept', 'Photos', honest.path('Photos'), '--yes')
  const mallory = stack.use(await Mallory.open())
  const address = await victim.address()
  await joinAs(mallory, victim, address)
  const folder = parseFolderId((await victim.folder('Photos')).id)
  const victimId = [...mallory.log.state.members.values()].find(({ name }) => name === 'victim')?.device
  assert.ok(victimId !== undefined)
  await until('the honest device has the folder', () => existsSync(honest.path('Photos', PRECIOUS[1])))
  const outside = snapshot(victim)
  let checks = 0
  const log = (author = mallory, epoch?: number): ForgedLog =>
    new ForgedLog({ signer: author.signer, crypto: author.crypto, folder }, epoch)
  const moved = stack.move()
  const peak = (): number => peakBytes(victim.pid)
  return {
    ...{ victim, honest, victimId, address, port: Number(address.split(':')[1]), folder, root, mallory, log },
    accomplice: async () => moved.use(await mallory.addAccomplice(victimId, address)),
    offer: (manifest, from = mallory) => from.offer(victimId, manifest),
    check: async (what) => {
      checks += 1
      await checkHonestSync({ victim, honest }, `honest-${checks}.txt`, what)
      for (const name of PRECIOUS) assert.equal(readFileSync(join(root, name), 'utf8'), `<${name} 0>\n`, what)
      assert.deepEqual(snapshot(victim), outside, `${what}: something outside the folder has changed`)
      const evil = [tmpdir(), '/', dirname(tmpdir())]
        .flatMap((place) => readdirSync(place))
        .filter((name) => name.includes(EVIL))
      assert.deepEqual(evil, [], `${what}: something was made elsewhere on this machine`)
      assert.ok(peak() < RESIDENT_BYTES_MAX, `${what}: the daemon took ${peak()} bytes of memory`)
    },
    residentBytesMax: peak,
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  }
}

async function joinAs(mallory: Mallory, victim: Device, address: string): Promise<void> {
  const showing = victim.begin('pair')
  await mallory.join(address, await firstLine(showing))
}

/** The daemon answers, and keeps a file the same with an honest device, both ways. */
async function checkHonestSync(
  { victim, honest }: { victim: Device; honest: Device },
  name: string,
  what: string,
): Promise<void> {
  assert.ok((await victim.ask('/status')) !== undefined, `${what}: the daemon does not answer`)
  writeFileSync(honest.path('Photos', name), `<${name} 0>\n`)
  writeFileSync(victim.path('Photos', `back-${name}`), `<back-${name} 0>\n`)
  const isThere = (path: string): boolean => existsSync(path) && readFileSync(path).length > 0
  await until(`${what}: a file of an honest device`, () => isThere(victim.path('Photos', name)))
  await until(`${what}: a file to an honest device`, () => isThere(honest.path('Photos', `back-${name}`)))
}

/** All that lies beside the folder, with its bytes; of the home only which names there are at its top. */
function snapshot(victim: Device): string[] {
  const above = dirname(victim.home)
  const beside = [...filesBelow(victim.files)].filter(([path]) => !path.startsWith('Photos/'))
  const directories = readdirSync(victim.files).map((name) => `${name}/`)
  const home = readdirSync(victim.home).filter((name) => !/^(catalogue\.db|log$|daemon\.)/.test(name))
  return [
    ...readdirSync(above).map((name) => `${basename(above)}/${name}`),
    ...directories,
    ...home,
    ...beside.map(([path, bytes]) => `${path} ${bytes.toString()}`),
  ].sort()
}

function peakBytes(pid: number): number {
  const [, kib = '0'] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) * 1024
}

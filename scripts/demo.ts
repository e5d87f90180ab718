/**
 * `npm run demo`: two devices on this machine, each a process with a home of its own, find each other, pair by a code and keep
 * a folder the same. Everything is done by the commands that it shows. Ends with 1 when anything is not as it should be.
 */

import { existsSync } from 'node:fs'
import { appendFile, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { drawPhoto, seeded, writeAlbum } from './demo/album.ts'
import { buildIfStale } from './demo/build.ts'
import type { Asking, Device } from './demo/device.ts'
import { createDevice, environmentOf } from './demo/device.ts'
import { untilEqual } from './demo/equality.ts'
import { digestOf, readTree } from './demo/tree.ts'

/** All of it. Half a minute is usual. */
const DEMO_MS = 60_000
const RECORD_POLL_MS = 250
const SEED = 20_261_121
/** Of `holt conflicts` and `holt status`: a person has to decide something. */
const NEEDS_ATTENTION = 6
const PLAN = 'Documents/Plan for the summer.txt'
const LETTER = 'Documents/Letters/To Ada.txt'

const print = (line: string): void => void process.stdout.write(`${line}\n`)
const tell = (sentence: string): void => {
  print(`\n${sentence}\n`)
}

process.exitCode = await main()

async function main(): Promise<number> {
  const startMs = performance.now()
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      interrupt.abort(new Error('interrupted'))
    })
  }
  const signal = AbortSignal.any([interrupt.signal, AbortSignal.timeout(DEMO_MS)])
  const directory = await mkdtemp(join(tmpdir(), 'holt-demo-'))
  const [desk, laptop] = ['desk', 'laptop'].map((name) => createDevice({ name, directory, signal, print }))
  if (desk === undefined || laptop === undefined) throw new Error('there are two devices')
  try {
    await buildIfStale()
    await play(desk, laptop, directory, signal)
    tell(`Done, in ${Math.round((performance.now() - startMs) / 1000)} seconds.`)
    return 0
  } catch (error) {
    process.stderr.write(
      `\n${interrupt.signal.aborted ? 'Interrupted.' : `The demo failed: ${explain(error, signal)}`}\n`,
    )
    return interrupt.signal.aborted ? 130 : 1
  } finally {
    await Promise.allSettled([desk.stop(), laptop.stop()])
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
    print(`Both devices have stopped, and ${directory} is removed.`)
  }
}

function explain(error: unknown, { aborted }: AbortSignal): string {
  const reason = error instanceof Error ? error.message : String(error)
  return aborted ? `it took over ${DEMO_MS / 1000} seconds (${reason})` : reason
}

async function play(desk: Device, laptop: Device, directory: string, signal: AbortSignal): Promise<void> {
  print('Two devices on this machine, "desk" and "laptop". They share nothing but the network.')
  for (const { name } of [desk, laptop]) {
    const settings = Object.entries(environmentOf(name, join(directory, name, 'home')))
    print(`  ${name}$ stands for ${settings.map(([key, value]) => `${key}=${value}`).join(' ')}`)
  }
  await pair(desk, laptop)
  await share(desk, laptop, signal)
  await editBoth(desk, laptop, signal)
  await disagree(desk, laptop, signal)
  await compare(desk, laptop, signal)
}

async function pair(desk: Device, laptop: Device): Promise<void> {
  tell('Each runs a daemon of its own.')
  await desk.holt(['start'])
  await laptop.holt(['start'])
  tell('One shows a code, the other one types it. They find each other by multicast on the network.')
  const showing = await desk.begin(['pair'])
  await laptop.holt(['pair', '--join'], { stdin: `${showing.firstLine}\n` })
  const { status } = await showing.ended
  if (status !== 0) throw new Error('the device that showed the code was not paired')
}

async function share(desk: Device, laptop: Device, signal: AbortSignal): Promise<void> {
  const { files, bytes } = await writeAlbum(desk.folder, SEED)
  tell(
    `On desk there is a folder of ${files} photos and documents, ${Math.round(bytes / 1e5) / 10} MB. It is shared, and accepted.`,
  )
  await desk.holt(['add', desk.folder, '--wait'])
  await laptop.holt(['accept', 'Album', laptop.folder, '--wait'])
  await untilEqual(desk, laptop, signal)
  print('Both folders are the same to the last byte.')
}

async function editBoth(desk: Device, laptop: Device, signal: AbortSignal): Promise<void> {
  print('\nNow both are changed: desk gets a new photo and a longer plan, laptop renames a photo and deletes a file.')
  await writeFile(join(desk.folder, 'Photos/2027/IMG_2001.jpg'), drawPhoto(seeded(SEED + 1)))
  await appendFile(join(desk.folder, PLAN), 'And a week by the sea.\n')
  const photos = join(laptop.folder, 'Photos/2026/Lisbon')
  const [photo = ''] = (await readdir(photos)).sort()
  await rename(join(photos, photo), join(photos, 'Tram 28.jpg'))
  await rm(join(laptop.folder, 'Documents/empty.txt'))
  const startMs = performance.now()
  await untilEqual(desk, laptop, signal, () => {
    const here = existsSync(join(desk.folder, 'Photos/2026/Lisbon/Tram 28.jpg'))
    const there = existsSync(join(laptop.folder, 'Photos/2027/IMG_2001.jpg'))
    return here && there && !existsSync(join(desk.folder, 'Documents/empty.txt'))
  })
  print(`Both have all of it, ${((performance.now() - startMs) / 1000).toFixed(1)} seconds later.`)
}

async function disagree(desk: Device, laptop: Device, signal: AbortSignal): Promise<void> {
  tell('A conflict: while neither hears of the other, the same letter is edited on both.')
  for (const device of [desk, laptop]) await device.holt(['folder', 'pause', 'Album'])
  const versions = [desk, laptop].map(({ name }) => `Dear Ada, this was written on ${name}.\n`)
  for (const [index, device] of [desk, laptop].entries()) {
    await writeFile(join(device.folder, LETTER), versions[index] ?? '')
  }
  for (const device of [desk, laptop]) await device.holt(['folder', 'resume', 'Album'])
  await untilEqual(desk, laptop, signal, async () => (await readLetters(desk)).length === versions.length)
  const kept = await readLetters(desk)
  if (versions.toSorted().join() !== kept.toSorted().join()) throw new Error('an edit of the letter was lost')
  tell('Nothing was lost: one keeps the name, the other lies beside it, and both devices agree which.')
  await laptop.holt(['conflicts'], { mayEndWith: [NEEDS_ATTENTION] })
}

async function compare(desk: Device, laptop: Device, signal: AbortSignal): Promise<void> {
  await untilRecorded(desk, laptop, signal)
  tell('How it stands:')
  await laptop.holt(['status'], { mayEndWith: [NEEDS_ATTENTION] })
  tell('The digests of both folders, as the disks have them and as Holt has them:')
  const digests = await Promise.all([desk, laptop].map(async ({ folder }) => digestOf(await readTree(folder))))
  const known = [await readRecorded(desk), await readRecorded(laptop)]
  for (const [index, { name }] of [desk, laptop].entries()) {
    print(`  ${name.padEnd(6)}  disk ${digests[index] ?? ''}`)
    print(`          holt ${known[index] ?? ''}`)
  }
  if (digests[0] !== digests[1] || known[0] !== known[1]) throw new Error('the folders differ')
}

/** A file lies on a disk a moment before its device has recorded it, and another before the other device has heard so. */
async function untilRecorded(desk: Device, laptop: Device, signal: AbortSignal): Promise<void> {
  const repeated = { isQuiet: true, isRepeated: true }
  while ((await readRecorded(desk, repeated)) !== (await readRecorded(laptop, repeated))) {
    if (signal.aborted)
      throw new Error('the folders are the same on the disks, but not in what the devices have recorded')
    await delay(RECORD_POLL_MS)
  }
}

/** The folder's digest, as the device has recorded it. */
async function readRecorded(device: Device, asking: Asking = { isQuiet: true }): Promise<string> {
  const { stdout } = await device.holt(['folders', 'Album', '--json'], asking)
  const value: unknown = JSON.parse(stdout)
  if (typeof value === 'object' && value !== null && 'digest' in value) return String(value.digest)
  throw new Error(`holt folders on ${device.name} names no digest`)
}

/** The letter and its conflict copies. */
async function readLetters({ folder }: Device): Promise<string[]> {
  const directory = join(folder, dirname(LETTER))
  const names = (await readdir(directory)).filter((name) => name.startsWith('To Ada'))
  return await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')))
}

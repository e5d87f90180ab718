/** What a member can say of a folder that it may write: names, links, logs, questions. */

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { deviceKey } from '../../protocol/ids.ts'
import { openHead } from '../../protocol/manifest.ts'
import { META } from '../../protocol/protocols.ts'
import { createSigner } from '../../daemon/native-crypto.ts'
import { until } from '../e2e/device.ts'
import type { Attack } from './attack.ts'
import { serveBytes } from './blob-server.ts'
import { bytesOf, directory, file, symlink, tombstone } from './forge.ts'
import type { Mallory } from './mallory.ts'
import { hear, isCutOff, say } from './mallory.ts'
import type { Stage } from './stage.ts'
import { EVIL } from './stage.ts'

const TRAVERSAL = 'path traversal in an entry'
const LINKS = 'symlink race below the root'
const MANIFESTS = 'forged, replayed, rolled-back, forked manifests'
const MAX = Number.MAX_SAFE_INTEGER

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

/** Every form that no path has. */
const ILLEGAL_PATHS: readonly string[] = [
  ...['', '.', '..', '/', `/${EVIL}`, `../${EVIL}`, `../../${EVIL}`, `a/../../${EVIL}`, `../outside/${EVIL}`],
  ...['./a', 'a/.', 'a/..', 'a//b', 'a/', '//a', `..\\${EVIL}`, `a\\..\\..\\${EVIL}`, `C:\\${EVIL}`],
  ...['nul\u0000', `${EVIL}\u0000.txt`, 'tab\t', 'line\nfeed', 'escape\u001b[2J', 'delete\u007f'],
  ...['.holt', '.holt/versions/log', '.HOLT/x', 'a/.Holt/incoming/x', 'e\u0301', 'a/\u212b'],
  ...['x'.repeat(256), 'ü'.repeat(128), 'y/'.repeat(2048) + 'y', 'd/'.repeat(128) + 'd'],
]

async function illegalPaths(stage: Stage): Promise<number> {
  const content = bytesOf(text('evil'), stage.mallory.crypto)
  for (const path of ILLEGAL_PATHS) {
    for (const entry of [file(path, content, stage.mallory.crypto), directory(path), tombstone(path)]) {
      const manifest = stage.log().add([entry]).manifest()
      assert.equal(await stage.offer(manifest), 'cut-off', JSON.stringify(path.slice(0, 40)))
    }
  }
  return ILLEGAL_PATHS.length * 3
}

/** Bytes that are no UTF-8 would be another path to each program that reads them. */
async function brokenText(stage: Stage): Promise<number> {
  const content = bytesOf(text('evil'), stage.mallory.crypto)
  const placeholder = 'PPP'
  const lies = [Uint8Array.of(0xed, 0xa0, 0x80), Uint8Array.of(0xc0, 0xaf, 0x2e), Uint8Array.of(0xff, 0x2f, 0x2e)]
  for (const lie of lies) {
    const rewrite = (body: Uint8Array): Uint8Array => {
      const changed = Buffer.from(body)
      changed.set(lie, changed.indexOf(placeholder))
      return changed
    }
    const manifest = stage
      .log()
      .add([file(placeholder, content, stage.mallory.crypto)], { rewrite })
      .manifest()
    assert.equal(await stage.offer(manifest), 'cut-off')
  }
  return lies.length
}

const ESCAPES = ['..', '../outside', '../../outside', '/', '/tmp', '/proc/self/root', '.', 'photos/../../outside']

/** A link first, then a file below it: together, one after the other, and with the link gone in between. */
async function fileBelowLink(stage: Stage): Promise<number> {
  const { mallory, log, offer, victim } = stage
  const content = bytesOf(text('pwned'), mallory.crypto)
  serveBytes(mallory, [content])
  for (const [i, target] of ESCAPES.entries()) {
    const name = `link-${i}`
    const below = file(`${name}/${EVIL}`, content, mallory.crypto)
    const over = file(`${name}/secret.txt`, content, mallory.crypto)
    const together = log().add([symlink(name, target), below, over])
    assert.equal(await offer(together.manifest()), 'taken', target)
    const apart = log().add([symlink(name, target)])
    assert.equal(await offer(apart.manifest()), 'taken', target)
    assert.equal(await offer(apart.add([below, over]).manifest()), 'taken', target)
    apart.add([directory(name, { vector: [[0, 2]] }), symlink(name, target, { vector: [[0, 3]] })])
    assert.equal(await offer(apart.manifest()), 'taken', target)
  }
  await delay(500)
  assert.equal(readFileSync(victim.path('outside/secret.txt'), 'utf8'), 'nobody else may read or change this')
  return ESCAPES.length * 3
}

/** Another program of the machine puts a link where a directory was, over and over, while files come in below it. */
async function linkRace(stage: Stage): Promise<number> {
  const { mallory, log, offer, root, victim } = stage
  const race = join(root, 'race')
  const contents = Array.from({ length: 40 }, (_, i) => bytesOf(text(`race ${i}`), mallory.crypto))
  serveBytes(mallory, contents)
  let flips = 0
  for (const [i, content] of contents.entries()) {
    const offering = offer(
      log()
        .add([file(`race/${EVIL}-${i}`, content, mallory.crypto)])
        .manifest(),
    )
    for (const turn of [0, 1, 2]) {
      flips += Number(flip(race, turn === 1 ? victim.path('outside') : undefined))
      await delay(i % 7)
    }
    assert.equal(await offering, 'taken')
  }
  await delay(500)
  rmSync(race, { recursive: true, force: true })
  return flips
}

/** Makes a link of a directory, or the other way round; false where the daemon was quicker. */
function flip(path: string, target: string | undefined): boolean {
  try {
    rmSync(path, { recursive: true, force: true })
    if (target === undefined) mkdirSync(path)
    else symlinkSync(target, path)
    return true
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && ['EEXIST', 'ENOTEMPTY'].includes(String(cause.code))) return false
    throw cause
  }
}

async function forgedSegments(stage: Stage): Promise<number> {
  const { mallory, log, offer, victimId } = stage
  const content = bytesOf(text('forged'), mallory.crypto)
  const entries = [file('forged.txt', content, mallory.crypto)]
  const stranger = createSigner(new Uint8Array(32).fill(7))
  const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 9 ? byte ^ 1 : byte))
  const forged = [
    log().add(entries, { signer: stranger }),
    log().add(entries, { author: deviceKey(victimId) }),
    log().add(entries, { author: deviceKey(stranger.device), signer: stranger }),
    log().add(entries, { spoil: ({ body, signature }) => ({ body, signature: flip(signature) }) }),
    log().add(entries, { spoil: ({ body, signature }) => ({ body: flip(body), signature }) }),
    log().add(entries, { firstSeq: 5 }),
    log().add(entries, { prevHash: new Uint8Array(32) }),
    log().add([]),
  ]
  for (const [i, each] of forged.entries()) assert.equal(await offer(each.manifest()), 'cut-off', `forgery ${i}`)
  // Two logs under one number, both signed: a fork, of which nothing more is taken, and which people are told of.
  const forked = log()
    .add(entries)
    .add(entries, { prevHash: new Uint8Array(32).fill(1) })
  assert.equal(await offer(forked.manifest()), 'ignored', 'a fork')
  return forged.length + 1 + (await forgedHeads(stage))
}

async function forgedHeads({ log, offer, victimId, mallory }: Stage): Promise<number> {
  const content = bytesOf(text('forged'), mallory.crypto)
  const make = (): ReturnType<typeof log> => log().add([file('forged.txt', content, mallory.crypto)])
  const stranger = createSigner(new Uint8Array(32).fill(8))
  const heads = [
    { signer: stranger },
    { author: deviceKey(victimId) },
    { author: deviceKey(stranger.device), signer: stranger },
    { seq: 0 },
  ]
  for (const [i, each] of heads.entries()) assert.equal(await offer(make().manifest(each)), 'cut-off', `head ${i}`)
  return heads.length
}

/** What another device has signed, said again as one's own; and what one has said before, said again. */
async function replayed(stage: Stage): Promise<number> {
  const { mallory, log, offer, root } = stage
  const accomplice = await stage.accomplice()
  const content = bytesOf(text('replayed'), mallory.crypto)
  const theirs = log(accomplice)
    .add([file('replayed.txt', content, mallory.crypto)])
    .manifest()
  assert.equal(await offer(theirs, mallory), 'cut-off', 'what another has signed')
  const old = log().add([file('old.txt', content, mallory.crypto)])
  const before = old.manifest()
  serveBytes(mallory, [content])
  assert.equal(await offer(before), 'taken')
  await until('the first is applied', () => existsSync(join(root, 'old.txt')))
  assert.equal(await offer(old.add([tombstone('old.txt', { vector: [[0, 2]] })]).manifest()), 'taken')
  await until('the second is applied', () => !existsSync(join(root, 'old.txt')))
  assert.equal(await offer(before), 'stale', 'rolled back')
  assert.equal(existsSync(join(root, 'old.txt')), false)
  return 3
}

/** Two logs under one position. */
async function forked(stage: Stage): Promise<number> {
  const { log, mallory } = stage
  const forker = await stage.accomplice()
  const content = bytesOf(text('forked'), mallory.crypto)
  const one = log(forker).add([file('fork-one.txt', content, mallory.crypto)])
  assert.equal(await stage.offer(one.manifest(), forker), 'taken')
  const twin = log(forker, one.epoch).add([file('fork-two.txt', content, mallory.crypto)])
  assert.notEqual(await forker.offer(stage.victimId, twin.manifest(), 2000), 'taken')
  const more = one.add([file('fork-three.txt', content, mallory.crypto)])
  assert.notEqual(await forker.offer(stage.victimId, more.manifest(), 2000), 'taken', 'taken after an equivocation')
  return 2
}

/** Asks what nobody asks: for other ends of the victim's log, for its own manifest, without end. */
async function senselessQuestions(stage: Stage): Promise<number> {
  const { mallory, victimId, folder } = stage
  let asked = 0
  for (const make of QUESTIONS) {
    const stream = await mallory.open(victimId, META)
    await say(stream, { kind: 'hello', release: 'evil', folders: [] })
    try {
      for (let i = 0; i < 1000; i += 1) {
        await say(stream, make(folder, i))
        asked += 1
      }
    } catch {
      // Cut off, as it should be.
    }
    stream.abort('enough')
  }
  return asked
}

type Question = (folder: Stage['folder'], i: number) => Parameters<typeof say>[1]
const QUESTIONS: readonly Question[] = [
  (folder) => ({ kind: 'want', folder, epoch: MAX, fromSegNo: 0 }),
  (folder, i) => ({ kind: 'want', folder, epoch: i, fromSegNo: MAX }),
  (folder) => ({ kind: 'recall', folder }),
  (folder) => ({ kind: 'ack', folder, position: { epoch: 1, seq: MAX } }),
  (folder) => ({ kind: 'decide', folder, approve: true }),
  (folder, i) => ({ kind: 'halt', folder, notice: { reason: `evil ${i}`, deletes: MAX, live: MAX } }),
  (folder) => ({ kind: 'drop', folder }),
]

/** Says that it has seen an end of the victim's log that the victim has lost, again and again. */
async function falseLoss(stage: Stage): Promise<number> {
  const { mallory, victimId, victim, folder } = stage
  const { signed } = await ownHeadOf(mallory, stage)
  for (let i = 0; i < 5; i += 1) {
    const stream = await mallory.open(victimId, META)
    await say(stream, { kind: 'hello', release: 'evil', folders: [] })
    await say(stream, { kind: 'ack', folder, position: { epoch: signed.epoch, seq: signed.seq + 1_000_000 } })
    await say(stream, { kind: 'want', folder, epoch: signed.epoch, fromSegNo: 1_000_000 })
    await delay(200)
    stream.abort('enough')
  }
  assert.ok((await victim.ask('/status')) !== undefined)
  return 5
}

/** The victim's head of the folder, as it tells every member. */
async function ownHeadOf(
  mallory: Mallory,
  { victimId, folder }: Stage,
): Promise<{ signed: { epoch: number; seq: number } }> {
  const stream = await mallory.open(victimId, META)
  await say(stream, { kind: 'hello', release: 'evil', folders: [] })
  const message = await hear(stream, AbortSignal.timeout(10_000))
  stream.abort('enough')
  assert.ok(message !== 'end' && message.kind === 'hello')
  const found = message.folders.find((each) => each.folder === folder)
  assert.ok(found !== undefined)
  const { epoch, lastSeq } = openHead(found.head, mallory.crypto)
  return { signed: { epoch, seq: lastSeq } }
}

/** Speaks of folders that there are not, with heads as large as a message may be. */
async function foldersWithoutEnd(stage: Stage): Promise<number> {
  const { mallory, victimId } = stage
  const stream = await mallory.open(victimId, META)
  await say(stream, { kind: 'hello', release: 'evil', folders: [] })
  const head = { body: new Uint8Array(4_000_000), signature: new Uint8Array(64) }
  let said = 0
  try {
    for (; said < 400; said += 1) {
      const folder = said.toString(16).padStart(32, '0') as Stage['folder']
      await say(stream, { kind: 'head', folder, head })
    }
  } catch {
    assert.ok(await isCutOff(stream, 1000))
  }
  stream.abort('enough')
  return said
}

export const MEMBER_ATTACKS: readonly Attack[] = [
  { threat: TRAVERSAL, name: 'every form of an illegal path', run: illegalPaths, isSmall: true },
  { threat: TRAVERSAL, name: 'paths that are no text', run: brokenText },
  { threat: LINKS, name: 'a link out of the folder, then files below it', run: fileBelowLink, isSmall: true },
  { threat: LINKS, name: 'a link that another program puts in the way', run: linkRace },
  { threat: MANIFESTS, name: 'forged segments and heads', run: forgedSegments },
  { threat: MANIFESTS, name: 'replayed and rolled-back logs', run: replayed, isSmall: true },
  { threat: MANIFESTS, name: 'a forked log', run: forked, isSmall: true },
  { threat: 'lying peer: questions', name: 'questions without end', run: senselessQuestions },
  { threat: 'lying peer: questions', name: 'a loss that never was', run: falseLoss },
  { threat: 'lying peer: memory', name: 'folders without end', run: foldersWithoutEnd },
]

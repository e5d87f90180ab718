/** A device's own group log: what it writes, when it counts, and what it refuses. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sealOp } from '../../protocol/group.ts'
import { createRecovery } from '../../protocol/recovery.ts'
import type { StateFiles } from '../../daemon/ports.ts'
import { openGroupLog } from '../../daemon/sync/found-group.ts'
import { readRecoveryWords } from '../../daemon/sync/group-file.ts'
import type { GroupLog } from '../../daemon/sync/group-log.ts'
import { crypto, idOf, outline, signerOf } from '../core/group-script.ts'
import { fakeRecovery, folderRecord, namesOf } from './group-bench.ts'

const clock = { wallMs: () => 1_000, monotonicMs: () => 0, sleep: () => Promise.resolve() }
const PHOTOS = folderRecord('Photos', 1)

/** Files in memory, which fail when they are told to. */
class Files implements StateFiles {
  readonly kept = new Map<string, Uint8Array>()
  isFull = false

  async read(name: string): Promise<Uint8Array | undefined> {
    return this.kept.get(name)
  }
  async write(name: string, bytes: Uint8Array): Promise<void> {
    if (this.isFull) throw new Error('disk full')
    this.kept.set(name, bytes)
  }
  async remove(name: string): Promise<void> {
    this.kept.delete(name)
  }
  async list(prefix: string): Promise<string[]> {
    return [...this.kept.keys()].filter((name) => name.startsWith(prefix)).sort()
  }
}

function open(name: string, files: StateFiles = new Files(), recovery = fakeRecovery): Promise<GroupLog> {
  const random = { bytes: (length: number) => new Uint8Array(length).fill(name.charCodeAt(0)) }
  const founding = { groupName: `${name}'s`, deviceName: name, exchangeKey: new Uint8Array(32), random }
  return openGroupLog(
    { files, clock, crypto, signer: signerOf(name) },
    { ...founding, createRecovery: recovery, folders: [] },
  )
}

const recordOf = (name: string) =>
  ({ device: idOf(name), exchangeKey: new Uint8Array(32), name, role: 'admin' }) as const

/** The log of a group that anna founded and ben is in, as ben takes it. */
async function adopted(ben: GroupLog, anna: GroupLog): Promise<void> {
  await anna.merge([anna.signAddition(recordOf('ben'), new Uint8Array(32)).signed])
  const ops = anna.ops.map(({ signed }) => signed)
  assert.equal((await ben.adopt(anna.groupId, ops)).kind, 'adopted')
}

describe('a group log', () => {
  it('is founded at the first start, and the same at the second', async () => {
    const files = new Files()
    const first = await open('anna', files)
    await first.setFolder(PHOTOS)
    const second = await open('anna', files)
    assert.equal(outline(second.state), outline(first.state))
    assert.equal(second.standing, 'member')
    assert.equal(second.state.folders.get(PHOTOS.folder)?.name, 'Photos')
  })

  it('makes twelve recovery words when it is founded, and keeps them', async () => {
    const files = new Files()
    const log = await open('anna', files, createRecovery)
    const words = await readRecoveryWords(files, log.groupId)
    assert.equal(words?.split(' ').length, 12)
    const [genesis] = log.ops
    assert.ok(genesis?.change.kind === 'genesis')
    assert.equal(genesis.change.recovery, createRecovery(new Uint8Array(16).fill(97)).device)
    await open('anna', files)
    assert.equal(await readRecoveryWords(files, log.groupId), words)
  })

  it('tells listeners of a change once it is on disk, and not when it could not be written', async () => {
    const files = new Files()
    const log = await open('anna', files)
    const seen: number[] = []
    const before = files.kept.get('group')
    using _listening = log.onChange((after) => {
      seen.push(after.folders.size)
      assert.notDeepEqual(files.kept.get('group'), before)
    })
    files.isFull = true
    await assert.rejects(log.setFolder(PHOTOS), /disk full/)
    assert.equal(log.state.folders.size, 0)
    files.isFull = false
    await log.setFolder(PHOTOS)
    assert.deepEqual(seen, [1])
  })

  it('says that it is damaged when its file is', async () => {
    const files = new Files()
    await open('anna', files)
    const whole = files.kept.get('group') ?? assert.fail()
    for (const at of [0, 60, whole.length - 1]) {
      const bytes = whole.slice()
      bytes[at] = (bytes[at] ?? 0) ^ 1
      files.kept.set('group', bytes)
      await assert.rejects(open('anna', files), { name: 'GroupError', code: 'log-corrupt' })
    }
    files.kept.set('group', whole.slice(0, -1))
    await assert.rejects(open('anna', files), { name: 'GroupError', code: 'log-corrupt' })
  })

  it('withdraws a folder from everyone, and keeps what else was said of it', async () => {
    const log = await open('anna')
    const options = [['zebra', Uint8Array.of(1)]] as const
    await log.setFolder({ ...PHOTOS, options })
    assert.equal(await log.withdrawFolder(PHOTOS.folder), 'allowed')
    assert.equal(await log.withdrawFolder(PHOTOS.folder), 'allowed')
    assert.equal(await log.withdrawFolder(folderRecord('x', 9).folder), 'not-found')
    const folder = log.state.folders.get(PHOTOS.folder)
    assert.equal(folder?.isWithdrawn, true)
    assert.deepEqual(
      folder.options.map(([key]) => key),
      ['withdrawn', 'zebra'],
    )
  })

  it('makes changes one after another, also when they are asked for at once', async () => {
    const log = await open('anna')
    await Promise.all([1, 2, 3, 4].map((byte) => log.setFolder(folderRecord(`f${byte}`, byte))))
    assert.equal(log.state.folders.size, 4)
    assert.equal(log.state.heads.length, 1)
  })

  it('has nobody to leave when it is alone', async () => {
    assert.equal(await (await open('anna')).leave(), 'alone')
  })

  it('refuses to remove a senior device, a stranger, and anything once it is out itself', async () => {
    const [anna, ben] = [await open('anna'), await open('ben')]
    await adopted(ben, anna)
    assert.equal(await ben.remove(anna.self, false), 'senior')
    assert.equal(await ben.remove(idOf('cleo'), false), 'not-a-member')
    assert.equal(await ben.leave(), 'left')
    assert.equal(ben.standing, 'left')
    await assert.rejects(ben.rename('benjamin'), { code: 'not-a-member' })
    assert.equal(await ben.setFolder(PHOTOS), 'not-allowed')
  })

  it('knows a device that was removed from one that left', async () => {
    const [anna, ben] = [await open('anna'), await open('ben')]
    await adopted(ben, anna)
    await anna.remove(ben.self, false)
    await ben.merge(anna.ops.map(({ signed }) => signed))
    assert.equal(ben.standing, 'removed')
  })
})

describe('merging into a group log', () => {
  it('takes operations in any order, and those that it knows not twice', async () => {
    const [anna, ben] = [await open('anna'), await open('ben')]
    await adopted(ben, anna)
    for (const name of ['a', 'b', 'c']) await anna.rename(name)
    const ops = anna.ops.map(({ signed }) => signed).reverse()
    assert.equal(await ben.merge([...ops, ...ops]), 3)
    assert.equal(await ben.merge(ops), 0)
    assert.deepEqual(namesOf(ben), ['c', 'ben'])
  })

  it('takes nothing of a batch of which one operation does not belong', async () => {
    const [anna, ben, eve] = [await open('anna'), await open('ben'), await open('eve')]
    await adopted(ben, anna)
    await anna.rename('annabel')
    const good = anna.ops.slice(-1).map(({ signed }) => signed)
    const [first] = good
    assert.ok(first)
    const forged = { body: first.body, signature: new Uint8Array(64) }
    const strangers = sealOp(
      { group: anna.groupId, prev: anna.state.heads, hlc: { ms: 9_000, counter: 0 }, change: rename('eve') },
      signerOf('eve'),
      crypto,
    )
    const early = sealOp(
      { group: anna.groupId, prev: anna.state.heads, hlc: { ms: 1, counter: 0 }, change: rename('anna') },
      signerOf('anna'),
      crypto,
    )
    await assert.rejects(ben.merge([forged]), { code: 'bad-signature' })
    for (const bad of [strangers.signed, early.signed, ...eve.ops.map(({ signed }) => signed)]) {
      await assert.rejects(ben.merge([...good, bad]), { code: 'broken-chain' })
    }
    const later = anna.signAddition(recordOf('cleo'), new Uint8Array(32))
    await assert.rejects(ben.merge([later.signed]), { code: 'broken-chain' })
    assert.deepEqual(namesOf(ben), ['anna', 'ben'])
  })

  it('takes nothing when it is asked to look first and does not like it', async () => {
    const [anna, ben] = [await open('anna'), await open('ben')]
    await adopted(ben, anna)
    await anna.rename('annabel')
    const ops = anna.ops.map(({ signed }) => signed)
    assert.equal(await ben.merge(ops, (after) => after.members.size > 2), undefined)
    assert.deepEqual(namesOf(ben), ['anna', 'ben'])
    assert.equal(await ben.merge(ops, (after) => after.members.size === 2), 1)
  })
})

describe('dissolving into another group', () => {
  it('replaces the log and the words, and brings the folders along that were not withdrawn', async () => {
    const files = new Files()
    const [anna, ben] = [await open('anna'), await open('ben', files)]
    const before = ben.groupId
    await ben.setFolder(PHOTOS)
    await ben.setFolder(folderRecord('Old', 2))
    await ben.withdrawFolder(folderRecord('Old', 2).folder)
    await adopted(ben, anna)
    assert.deepEqual(
      [...ben.state.folders.values()].map(({ name }) => name),
      ['Photos'],
    )
    assert.equal(await readRecoveryWords(files, before), undefined)
    const reopened = await open('ben', files)
    assert.equal(outline(reopened.state), outline(ben.state))
    assert.equal(reopened.groupId, anna.groupId)
    await anna.merge(ben.ops.map(({ signed }) => signed))
    assert.equal(anna.state.folders.get(PHOTOS.folder)?.name, 'Photos')
  })

  it('is refused without membership, with others in the own group, and for half a log', async () => {
    const [anna, ben, cleo] = [await open('anna'), await open('ben'), await open('cleo')]
    const ops = anna.ops.map(({ signed }) => signed)
    assert.deepEqual(await ben.adopt(anna.groupId, ops), { kind: 'not-a-member' })
    await assert.rejects(ben.adopt(cleo.groupId, ops), { code: 'bad-field' })
    await adopted(ben, anna)
    await cleo.merge([cleo.signAddition(recordOf('dora'), new Uint8Array(32)).signed])
    assert.deepEqual(await cleo.adopt(anna.groupId, ops), { kind: 'not-alone' })
    const [, addition] = anna.ops
    assert.ok(addition)
    const erik = await open('erik')
    await assert.rejects(erik.adopt(anna.groupId, [addition.signed]), { code: 'broken-chain' })
  })
})

function rename(name: string): { kind: 'rename'; device: ReturnType<typeof idOf>; name: string } {
  return { kind: 'rename', device: idOf(name), name: 'x' }
}

/** What a member can say of the group, and how it can be called. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encode } from '../../protocol/codec.ts'
import { encodeGroupMessage } from '../../protocol/group-messages.ts'
import { sealOp } from '../../protocol/group.ts'
import type { GroupOp, OpDraft } from '../../protocol/group.ts'
import type { Signer } from '../../protocol/crypto.ts'
import { sealBody } from '../../protocol/crypto.ts'
import { deviceKey, folderIdOf, idBytes } from '../../protocol/ids.ts'
import { GROUP } from '../../protocol/protocols.ts'
import { until } from '../e2e/device.ts'
import type { Attack } from './attack.ts'
import { directory, tombstone } from './forge.ts'
import { Mallory, isCutOff } from './mallory.ts'
import type { Stage } from './stage.ts'

const GROUPS = 'a member that changes the group'
const NAMES = 'hostile names in terminals and pages'
const signal = AbortSignal.timeout(2 ** 31 - 1)

function op(mallory: Mallory, change: OpDraft['change'], signer: Signer = mallory.signer): GroupOp {
  const { log, crypto } = mallory
  return sealOp(
    { group: log.groupId, prev: log.state.heads, hlc: { ms: Date.now(), counter: 0 }, change },
    signer,
    crypto,
  )
}

/** Sends frames in an exchange of group logs, after a hello as it should be. @returns whether the other side ended it. */
async function inExchange(mallory: Mallory, stage: Stage, frames: readonly Uint8Array[]): Promise<boolean> {
  const stream = await mallory.open(stage.victimId, GROUP)
  const { groupId, state } = mallory.log
  await stream.write(encodeGroupMessage({ kind: 'hello', group: groupId, heads: state.heads, samples: [] }), { signal })
  await stream.read({ signal })
  for (const frame of frames) await stream.write(frame, { signal })
  return isCutOff(stream)
}

/** What a device may not do is not done, however well it is signed. */
async function overreach(stage: Stage): Promise<number> {
  const { mallory, victimId, victim } = stage
  const others = await stage.accomplice()
  const changes: OpDraft['change'][] = [
    { kind: 'remove', device: victimId, isLost: true },
    { kind: 'role', device: victimId, role: 'mirror' },
    { kind: 'rename', device: victimId, name: 'owned' },
    { kind: 'role', device: others.signer.device, role: 'admin' },
  ]
  for (const change of changes) {
    await others.log.merge([op(others, change).signed])
    await others.exchange(victimId)
  }
  await mallory.exchange(victimId)
  const { devices } = (await victim.ask('/devices')) as {
    devices: readonly { name: string; role: string; isSelf?: boolean }[]
  }
  assert.ok(
    devices.some(({ name, role }) => name === 'victim' && role === 'admin'),
    JSON.stringify(devices),
  )
  assert.ok(!devices.some(({ name }) => name === 'owned'))
  assert.ok(devices.filter(({ name, role }) => name === 'accomplice' && role === 'admin').length === 0)
  return changes.length
}

async function forgedOps(stage: Stage): Promise<number> {
  const { mallory } = stage
  const stranger = await Mallory.open('stranger')
  const folder = {
    folder: folderIdOf(randomBytes(16)),
    name: 'evil',
    defaultMode: 'send-receive',
    options: [],
  } as const
  const good = op(mallory, { kind: 'folder', record: folder })
  const opsOf = (...signed: readonly GroupOp['signed'][]): Uint8Array =>
    encodeGroupMessage({ kind: 'ops', ops: signed, isLast: true })
  const flipped = good.signed.body.map((byte, i) => (i === good.signed.body.length - 1 ? byte ^ 1 : byte))
  const orphan = sealOp(
    {
      group: mallory.log.groupId,
      prev: [good.hash],
      hlc: { ms: 1, counter: 0 },
      change: { kind: 'rename', device: mallory.signer.device, name: 'x' },
    },
    mallory.signer,
    mallory.crypto,
  )
  const huge = encode([
    1,
    idBytes(mallory.log.groupId),
    mallory.log.state.heads.map(idBytes),
    deviceKey(mallory.signer.device),
    [1, 1],
    4,
    [randomBytes(16), 'x', 0, [['k', new Uint8Array(20_000)]]],
  ])
  const lies = [
    opsOf(op(mallory, { kind: 'folder', record: folder }, stranger.signer).signed),
    opsOf({ body: flipped, signature: good.signed.signature }),
    opsOf(orphan.signed),
    opsOf(sealBody('group', huge, mallory.signer, mallory.crypto)),
    opsOf(...stranger.log.ops.map(({ signed }) => signed)),
    encode([9, 9]),
    randomBytes(2000),
    new Uint8Array(0),
  ]
  for (const [i, lie] of lies.entries()) assert.ok(await inExchange(mallory, stage, [lie]), `lie ${i}`)
  await stranger[Symbol.asyncDispose]()
  return lies.length
}

/** Operations without end, none of them the last. */
async function opsWithoutEnd(stage: Stage): Promise<number> {
  const { mallory } = stage
  const [known] = mallory.log.ops.map(({ signed }) => signed)
  assert.ok(known !== undefined)
  const frame = encodeGroupMessage({ kind: 'ops', ops: Array.from({ length: 200 }, () => known), isLast: false })
  const stream = await mallory.open(stage.victimId, GROUP)
  const { groupId, state } = mallory.log
  await stream.write(encodeGroupMessage({ kind: 'hello', group: groupId, heads: state.heads, samples: [] }), { signal })
  await stream.read({ signal })
  let sent = 0
  try {
    for (; sent < 2000; sent += 1) await stream.write(frame, { signal: AbortSignal.timeout(10_000) })
  } catch {
    // Cut off, as it should be.
  }
  assert.ok(sent < 2000, 'it listens without end')
  return sent
}

const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/

/** Names of devices, folders and files with which a terminal can be written over. */
async function hostileNames(stage: Stage): Promise<number> {
  const { mallory, victim, victimId } = stage
  const names = [
    '\u001b[2J\u001b[31mowned',
    'bidi\u202egpj.exe',
    'bell\u0007',
    'line\nfeed\r',
    'c1\u009b31m',
    'isolate\u2066x\u2069',
  ]
  for (const name of names) {
    const record = { folder: folderIdOf(randomBytes(16)), name, defaultMode: 'send-receive', options: [] } as const
    await mallory.log.merge([op(mallory, { kind: 'folder', record }).signed])
    await mallory.log.merge([op(mallory, { kind: 'rename', device: mallory.signer.device, name }).signed])
  }
  await mallory.exchange(victimId)
  const visible = names.filter((name) => !/[\u0000-\u001f]/.test(name))
  assert.equal(
    await stage.offer(
      stage
        .log()
        .add(visible.map((name) => directory(name)))
        .manifest(),
    ),
    'taken',
  )
  await until('a name is there', async () => (await victim.holt('status')).stdout.includes('owned'))
  for (const words of [['status'], ['devices'], ['folders'], ['ls', 'Photos'], ['log'], ['conflicts']]) {
    const { stdout, stderr } = await victim.holt(...words)
    const found = CONTROL.exec(stdout + stderr)
    assert.equal(
      found,
      null,
      `holt ${words.join(' ')} shows ${JSON.stringify(found?.[0])} in ${JSON.stringify(stdout.slice(Math.max(0, (found?.index ?? 0) - 60), (found?.index ?? 0) + 20))}`,
    )
  }
  return names.length
}

/** A member deletes all that there is; on the honest device, too, nothing goes before a person was asked. */
async function deleteEverything(stage: Stage): Promise<number> {
  const { root, victim, mallory } = stage
  mkdirSync(join(root, 'many'))
  // Most of what there is, whatever other attacks have left.
  const names = Array.from({ length: 600 }, (_, i) => `many/${i}.txt`)
  for (const name of names) writeFileSync(join(root, name), `<${name} 0>\n`)
  const isHere = async (): Promise<boolean> => (await victim.folder('Photos')).held.files >= names.length
  await until('they are published', isHere)
  const devices = [mallory.signer.device, stage.victimId].sort()
  const modBy = devices.indexOf(mallory.signer.device)
  const far = Math.floor(Date.now() / 1000) + 1000
  const entries = names.map((name) =>
    tombstone(name, {
      modBy,
      vector: [
        [0, far],
        [1, far],
      ],
    }),
  )
  assert.equal(await stage.offer(stage.log().add(entries, { devices }).manifest()), 'taken')
  await until('it halts and asks', async () => (await victim.folder('Photos')).state.kind === 'halted')
  assert.equal(readdirSync(join(root, 'many')).length, names.length, 'nothing was deleted before a person said so')
  await victim.mustHolt('reject', 'Photos')
  await until('it goes on', async () => (await victim.folder('Photos')).state.kind !== 'halted')
  assert.ok(names.every((name) => existsSync(join(root, name))))
  return names.length
}

export const GROUP_ATTACKS: readonly Attack[] = [
  { threat: GROUPS, name: 'more than its role allows', run: overreach },
  { threat: GROUPS, name: 'forged operations', run: forgedOps, isSmall: true },
  { threat: GROUPS, name: 'operations that do not end', run: opsWithoutEnd },
  { threat: NAMES, name: 'names that write over a terminal', run: hostileNames },
  { threat: 'malicious member deletes everything', name: 'deletes all files', run: deleteEverything },
]

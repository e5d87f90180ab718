/** What somebody can do who reaches the port and is no member. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { deflateRawSync } from 'node:zlib'
import type { Libp2p } from '@libp2p/interface'
import { frameHeader } from '../../daemon/peers/frame-buffer.ts'
import { encodeGroupMessage } from '../../protocol/group-messages.ts'
import { BLOB, GROUP, META, PAIR, PORTS } from '../../protocol/protocols.ts'
import { createStockNode, dialStock, openGreeted } from '../peers/stock-node.ts'
import type { Attack } from './attack.ts'
import { Mallory } from './mallory.ts'
import type { Stage } from './stage.ts'

const STRANGERS = 'strangers'
const BOMBS = 'oversize frames and bombs'
const FLOODS = 'strangers: connections and handshakes without end'

/** Every protocol for members is refused. */
async function membersOnly(stage: Stage): Promise<number> {
  await using stranger = await Mallory.open('stranger')
  await stranger.transport.dial(stage.address, { signal: AbortSignal.timeout(10_000) })
  // It believes that all of them are members; they do not.
  stranger.transport.admit(new Set([stage.victimId]))
  for (const protocol of [META, BLOB, PORTS]) {
    await assert.rejects(
      stranger.transport.open(stage.victimId, protocol, { signal: AbortSignal.timeout(10_000) }),
      protocol.id,
    )
  }
  await assert.rejects(
    stranger.transport.open(stage.victimId, PAIR, { signal: AbortSignal.timeout(10_000) }).then(async (stream) => {
      await stream.write(randomBytes(100), { signal: AbortSignal.timeout(5000) })
      assert.notEqual(await stream.read({ signal: AbortSignal.timeout(10_000) }), undefined)
      throw new Error('no code is shown, and it answers only that')
    }),
  )
  return 4
}

/** Says that it is a member of the group, which it knows by name. */
async function falseMember(stage: Stage): Promise<number> {
  await using stranger = await Mallory.open('stranger')
  await stranger.transport.dial(stage.address, { signal: AbortSignal.timeout(10_000) })
  const ops = stranger.log.ops.map(({ signed }) => signed)
  const known = stage.mallory.log.ops.map(({ signed }) => signed)
  let tried = 0
  for (const sent of [ops, known, [...known, ...ops]]) {
    tried += 1
    const signal = AbortSignal.timeout(15_000)
    try {
      const stream = await stranger.transport.open(stage.victimId, GROUP, { signal })
      const { groupId, state } = stage.mallory.log
      await stream.write(encodeGroupMessage({ kind: 'hello', group: groupId, heads: state.heads, samples: [] }), {
        signal,
      })
      await stream.read({ signal })
      await stream.write(encodeGroupMessage({ kind: 'ops', ops: sent, isLast: true }), { signal })
      while ((await stream.read({ signal })) !== undefined) continue
    } catch (cause) {
      assert.ok(!signal.aborted, String(cause))
    }
    await delay(1100)
  }
  await assert.rejects(stranger.transport.open(stage.victimId, META, { signal: AbortSignal.timeout(10_000) }))
  return tried
}

async function withStock<T>(use: (node: Libp2p) => Promise<T>, seed = randomBytes(32)): Promise<T> {
  const node = await createStockNode(seed)
  try {
    return await use(node)
  } finally {
    await node.stop()
  }
}

/** Frames that say that they are larger than any, and frames that become so; of a member, too, over a program that is no Holt. */
async function bombs(stage: Stage): Promise<number> {
  const bomb = Buffer.concat([Buffer.of(1), deflateRawSync(Buffer.alloc(64 * 2 ** 20))])
  const cases = [
    [META, frameHeader(META.frameBytesMax * 2)],
    [META, Buffer.concat([frameHeader(bomb.length), bomb])],
    [META, Buffer.concat([frameHeader(100), Buffer.alloc(100, 0xff)])],
    [META, Buffer.alloc(6, 0xff)],
    [BLOB, frameHeader(BLOB.frameBytesMax + 1)],
    [GROUP, frameHeader(2 ** 34)],
    [PORTS, frameHeader(PORTS.frameBytesMax + 1)],
  ] as const
  const member = await stage.accomplice()
  await member[Symbol.asyncDispose]()
  for (const [i, [protocol, bytes]] of cases.entries()) {
    await withStock(async (node) => {
      const { stream, ended } = await openGreeted(await dialStock(node, stage.port), protocol.id)
      stream.send(bytes)
      const isEnded = await Promise.race([ended.then(() => true), delay(20_000, false, { ref: false })])
      assert.ok(isEnded, `bomb ${i}`)
    }, Buffer.from(member.seed))
  }
  return cases.length
}

async function garbage(stage: Stage): Promise<number> {
  const said = [
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    Buffer.of(0x16, 3, 1, 0xff, 0xff, 1, 1),
    Buffer.from('\u0013/multistream/1.0.0\n'),
    randomBytes(100_000),
    Buffer.alloc(100_000, 0x16),
    Buffer.alloc(0),
  ]
  for (const bytes of said) await closed(connect(stage.port, '127.0.0.1'), bytes)
  return said.length
}

/** Sends, and waits until the other side has had enough, or a while. */
async function closed(socket: Socket, bytes: Buffer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  socket.on('error', () => resolve(undefined)).once('close', () => resolve(undefined))
  socket.resume()
  if (bytes.length > 0) socket.write(bytes)
  await Promise.race([promise, delay(300, undefined, { ref: false })])
  socket.destroy()
}

/** Thousands of connections: of some that say nothing, of some that shake hands with a new key each time. */
async function connections(stage: Stage): Promise<number> {
  const silent = Array.from({ length: 2000 }, () => connect(stage.port, '127.0.0.1').on('error', () => undefined))
  let made = silent.length
  for (let i = 0; i < 24; i += 1) {
    made += 1
    await withStock(async (node) => {
      await dialStock(node, stage.port).catch(() => undefined)
    })
  }
  for (const socket of silent) socket.destroy()
  return made
}

export const STRANGER_ATTACKS: readonly Attack[] = [
  { threat: STRANGERS, name: 'protocols that are for members', run: membersOnly, isSmall: true },
  { threat: STRANGERS, name: 'a membership that it never had', run: falseMember },
  { threat: STRANGERS, name: 'garbage', run: garbage, isSmall: true },
  { threat: BOMBS, name: 'frames without measure', run: bombs },
  { threat: FLOODS, name: 'connections without end', run: connections },
]

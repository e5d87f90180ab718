/**
 * A device in the wrong hands. It speaks the real protocol over real sockets, with a key of its own, and says whatever an attack
 * wants it to say. Nothing in it checks what it sends.
 */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createNativeCrypto, createSigner } from '../../daemon/native-crypto.ts'
import { PeerError } from '../../daemon/peers/peer-error.ts'
import type { Libp2pPeerTransport } from '../../daemon/peers/transport.ts'
import type { PeerStream, StateFiles } from '../../daemon/ports.ts'
import { openGroupLog } from '../../daemon/sync/found-group.ts'
import { exchangeGroup } from '../../daemon/sync/group-exchange.ts'
import type { GroupExchange } from '../../daemon/sync/group-exchange.ts'
import type { GroupLog } from '../../daemon/sync/group-log.ts'
import type { PairPorts } from '../../daemon/sync/pair.ts'
import { joinPairing } from '../../daemon/sync/pair-join.ts'
import { createSystemClock } from '../../daemon/system-clock.ts'
import type { Crypto, Signed, Signer } from '../../protocol/crypto.ts'
import type { DeviceId, FolderId } from '../../protocol/ids.ts'
import type { Position } from '../../protocol/manifest.ts'
import { decodeMetaMessage, encodeMetaMessage } from '../../protocol/meta-messages.ts'
import type { MetaMessage } from '../../protocol/meta-messages.ts'
import { parseCode } from '../../protocol/pairing.ts'
import type { ProtocolSpec } from '../../protocol/protocols.ts'
import { META } from '../../protocol/protocols.ts'
import { exchangeKeyOf } from '../../protocol/recovery.ts'
import { openLocal } from '../peers/real-network.ts'
import { fakeRecovery } from '../sync/group-bench.ts'

/** How long an answer is waited for. */
const ANSWER_MS = 60_000
const TRY_AGAIN_MS = 20
const clock = createSystemClock()
const forever = new AbortController().signal

/** What became of a manifest: all of it was applied; the session was ended; it was known better; nothing was said. */
export type Taken = 'taken' | 'cut-off' | 'stale' | 'ignored'

export interface Manifest {
  readonly folder: FolderId
  readonly head: Signed
  readonly segments: readonly Signed[]
  readonly position: Position
}

export class Mallory implements AsyncDisposable {
  readonly crypto: Crypto = createNativeCrypto()
  readonly seed: Uint8Array
  readonly signer: Signer
  readonly transport: Libp2pPeerTransport
  readonly log: GroupLog
  readonly #exchangeKey: Uint8Array

  private constructor(seed: Uint8Array, transport: Libp2pPeerTransport, log: GroupLog, exchangeKey: Uint8Array) {
    this.seed = seed
    this.signer = createSigner(seed)
    this.transport = transport
    this.log = log
    this.#exchangeKey = exchangeKey
  }

  /** In a group of its own, knowing nobody. */
  static async open(name = 'mallory'): Promise<Mallory> {
    const seed = new Uint8Array(randomBytes(32))
    const exchangeKey = exchangeKeyOf(randomBytes(32))
    const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) }
    const ports = { files: inMemory(), clock, crypto: createNativeCrypto(), signer: createSigner(seed) }
    const log = await openGroupLog(ports, {
      ...{
        groupName: 'other devices',
        deviceName: name,
        exchangeKey,
        random,
        createRecovery: fakeRecovery,
        folders: [],
      },
    })
    return new Mallory(seed, await openLocal({ seed }), log, exchangeKey)
  }

  get #pairPorts(): PairPorts {
    const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) }
    return {
      transport: this.transport,
      clock,
      random,
      log: this.log,
      platform: 'linux',
      exchangeKey: this.#exchangeKey,
    }
  }

  /** Becomes a member, as any device does that somebody was careless enough to pair. */
  async join(address: string, shownCode: string): Promise<void> {
    const parsed = parseCode(shownCode)
    assert.ok(parsed.kind === 'code')
    const result = await joinPairing(this.#pairPorts, {
      ...{ code: parsed.code, address, signal: forever, choose: () => Promise.resolve(undefined) },
      ...{ onHint: () => undefined, onTalking: () => undefined, guestRole: 'admin' },
    })
    assert.equal(result.kind, 'paired')
    this.admitAll()
  }

  admitAll(): void {
    this.transport.admit(new Set(this.log.state.members.keys()))
  }

  /** One more member, in the same hands: a member may add others. */
  async addAccomplice(victim: DeviceId, address: string): Promise<Mallory> {
    const other = await Mallory.open('accomplice')
    const record = { device: other.signer.device, exchangeKey: other.#exchangeKey, name: 'accomplice', role: 'member' }
    const op = this.log.signAddition({ ...record, role: 'member' }, new Uint8Array(32))
    await this.log.merge([op.signed])
    await this.exchange(victim)
    const all = this.log.ops.map(({ signed }) => signed)
    assert.equal((await other.log.adopt(this.log.groupId, all)).kind, 'adopted')
    other.admitAll()
    await other.transport.dial(address, { signal: forever })
    return other
  }

  exchange(victim: DeviceId): Promise<GroupExchange> {
    return exchangeGroup({ transport: this.transport, clock, log: this.log }, victim, { signal: forever })
  }

  /** Tries again for a while: who was let in just now, or cut off, is not let in at once everywhere. */
  async open(victim: DeviceId, protocol: ProtocolSpec): Promise<PeerStream> {
    const signal = AbortSignal.timeout(ANSWER_MS)
    for (;;) {
      try {
        return await this.transport.open(victim, protocol, { signal })
      } catch (cause) {
        if (signal.aborted) throw cause
        await clock.sleep(TRY_AGAIN_MS, { signal })
      }
    }
  }

  /** Holds a manifest out to a device, and gives it what it asks for. Cut off is who is cut off twice: connections come and go. */
  async offer(victim: DeviceId, manifest: Manifest, patienceMs = ANSWER_MS): Promise<Taken> {
    const once = await this.#offerOnce(victim, manifest, patienceMs)
    return once === 'cut-off' ? await this.#offerOnce(victim, manifest, patienceMs) : once
  }

  async #offerOnce(victim: DeviceId, manifest: Manifest, patienceMs: number): Promise<Taken> {
    const stream = await this.open(victim, META)
    const folders = [{ folder: manifest.folder, head: manifest.head, halt: null }]
    try {
      await say(stream, { kind: 'hello', release: 'evil 6.66', folders })
      return await this.#answer(stream, manifest, AbortSignal.timeout(patienceMs))
    } catch (cause) {
      if (cause instanceof PeerError) return 'cut-off'
      throw cause
    } finally {
      stream.abort('done')
    }
  }

  async #answer(stream: PeerStream, manifest: Manifest, signal: AbortSignal): Promise<Taken> {
    const { folder, head, segments, position } = manifest
    for (;;) {
      const message = await hear(stream, signal)
      if (message === 'end') return signal.aborted ? 'ignored' : 'cut-off'
      if (message.kind === 'want' && message.folder === folder && message.epoch === position.epoch) {
        await say(stream, { kind: 'segments', folder, head, segments: segments.slice(message.fromSegNo) })
      }
      if (message.kind !== 'ack' || message.folder !== folder) continue
      const isAll = message.position.epoch === position.epoch && message.position.seq === position.seq
      return isAll ? 'taken' : 'stale'
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.transport[Symbol.asyncDispose]()
  }
}

export async function say(stream: PeerStream, message: MetaMessage): Promise<void> {
  await stream.write(encodeMetaMessage(message), { signal: AbortSignal.timeout(ANSWER_MS) })
}

/** The next message, or that the stream has ended, or that the signal was aborted. */
export async function hear(stream: PeerStream, signal: AbortSignal): Promise<MetaMessage | 'end'> {
  try {
    const frame = await stream.read({ signal })
    return frame === undefined ? 'end' : decodeMetaMessage(frame)
  } catch {
    return 'end'
  }
}

/** Whether the other side ends a stream within the time. What it says until then is passed over. */
export async function isCutOff(stream: PeerStream, withinMs = ANSWER_MS): Promise<boolean> {
  const signal = AbortSignal.timeout(withinMs)
  while (!signal.aborted) {
    try {
      if ((await stream.read({ signal })) === undefined) return true
    } catch {
      return !signal.aborted
    }
  }
  return false
}

function inMemory(): StateFiles {
  const files = new Map<string, Uint8Array>()
  return {
    read: (name) => Promise.resolve(files.get(name)),
    write: (name, bytes) => Promise.resolve(void files.set(name, bytes)),
    remove: (name) => Promise.resolve(void files.delete(name)),
    list: (prefix) => Promise.resolve([...files.keys()].filter((name) => name.startsWith(prefix)).sort()),
  }
}

/** What only a newer Holt understands stops exactly what it concerns, and says so. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decode, encode } from '../../protocol/codec.ts'
import type { Value } from '../../protocol/codec.ts'
import type { Signed } from '../../protocol/crypto.ts'
import { sealBody } from '../../protocol/crypto.ts'
import type { Entry } from '../../protocol/entry.ts'
import { openSegment, sealHead, sealSegment, segmentHash } from '../../protocol/manifest.ts'
import type { MetaMessage } from '../../protocol/meta-messages.ts'
import { decodeMetaMessage, encodeMetaMessage } from '../../protocol/meta-messages.ts'
import { parseRelPath } from '../../protocol/path.ts'
import { META } from '../../protocol/protocols.ts'
import type { PeerStream } from '../../daemon/ports.ts'
import type { SimDevice, SimPorts } from '../sim/world.ts'
import { FOLDER, createFolderBench } from './folder-bench.ts'

const { signal } = new AbortController()

type Pair = Pick<Extract<MetaMessage, { kind: 'segments' }>, 'head' | 'segments'>

/** A manifest of one entry, of a kind that this Holt knows, or of one that only a newer one knows. */
function manifestOf({ signer, crypto, transport }: SimPorts, epoch: number, kind: 'known' | 'newer'): Pair {
  const device = transport.self
  const entry: Entry = {
    path: parseRelPath('album'),
    content: { kind: 'directory' },
    mtimeMs: 1,
    version: [[device, epoch]],
    modBy: device,
    t: epoch,
    isConflictCopy: false,
    isHeld: true,
    extra: [],
  }
  const hlc = { ms: epoch, counter: 0 }
  const log = { folder: FOLDER, device, epoch, hlc }
  const plain = sealSegment({ ...log, segNo: 0, firstSeq: 1, prevHash: null, entries: [entry] }, signer, crypto)
  const segment: Signed = kind === 'known' ? plain : sealBody('segment', withEntryKind(plain.body, 9), signer, crypto)
  const lastSegHash = segmentHash(segment, crypto)
  const rest = { lastSeq: 1, lastSegHash, liveCount: 1, stateDigest: new Uint8Array(32), previous: null }
  return { head: sealHead({ ...log, ...rest }, signer, crypto), segments: [segment] }
}

function withEntryKind(body: Uint8Array, kind: number): Uint8Array {
  const fields = decode(body) as Value[]
  const [entry] = fields[9] as Value[][]
  return encode([...fields.slice(0, 9), [[entry?.[0] ?? null, kind, ...(entry ?? []).slice(2)]]])
}

/** A device that says what it is told to, in every session. */
class Speaker {
  readonly streams: PeerStream[] = []
  readonly heard: MetaMessage[] = []
  manifest: Pair | undefined
  ports: SimPorts | undefined

  start(device: SimDevice, others: readonly SimDevice[]): void {
    device.start((ports) => {
      this.ports = ports
      const { transport } = ports
      transport.admit(new Set(others.map(({ id }) => id)))
      transport.handle(META, (stream) => this.#converse(stream))
      void this.#dial(ports).catch(() => undefined)
    })
  }

  async #dial({ transport }: SimPorts): Promise<void> {
    for await (const { device, online } of transport.presence({ signal })) {
      if (online && transport.self < device) {
        void this.#converse(await transport.open(device, META, { signal })).catch(() => undefined)
      }
    }
  }

  async #converse(stream: PeerStream): Promise<void> {
    this.streams.push(stream)
    const folders = this.manifest === undefined ? [] : [{ folder: FOLDER, head: this.manifest.head, halt: null }]
    await stream.write(encodeMetaMessage({ kind: 'hello', release: '9.0.0 linux', folders }), { signal })
    for (let frame = await stream.read({ signal }); frame !== undefined; frame = await stream.read({ signal })) {
      const message = decodeMetaMessage(frame)
      this.heard.push(message)
      if (message.kind === 'want') await this.#say(stream)
    }
  }

  async #say(stream: PeerStream): Promise<void> {
    if (this.manifest === undefined) return
    await stream.write(encodeMetaMessage({ kind: 'segments', folder: FOLDER, ...this.manifest }), { signal })
  }

  /** To all that it talks with. */
  async sayNow(): Promise<void> {
    for (const stream of this.streams) await this.#say(stream)
  }
}

describe('an entry of a kind that only a newer Holt knows', () => {
  it('is told from one that is broken', () => {
    const device = createFolderBench(1).member('zoe')
    device.start((ports) => {
      const [segment] = manifestOf(ports, 5, 'newer').segments
      assert.ok(segment)
      assert.throws(() => openSegment(segment, ports.crypto), { name: 'ProtocolError', code: 'unknown-version' })
    })
  })

  it('stops its folder and no session, until what the device says is understood again', async () => {
    await using bench = createFolderBench(2)
    const anna = bench.place('anna')
    const ben = bench.place('ben')
    anna.write('before.txt', 'before')
    await bench.until('the first file', () => ben.read('before.txt') === 'before')
    const zoe = new Speaker()
    const device = bench.member('zoe')
    zoe.start(device, [anna.device, ben.device])
    await bench.until('sessions with zoe', () => zoe.streams.length >= 2)
    assert.ok(zoe.ports)
    zoe.manifest = manifestOf(zoe.ports, 5, 'newer')
    await zoe.sayNow()
    const isStopped = (): boolean => ben.daemon.sync.engine.get(FOLDER)?.newer.has(device.id) === true
    await bench.until('ben stops', isStopped)
    anna.write('meanwhile.txt', 'meanwhile')
    await bench.world.runFor(60_000)
    assert.equal(ben.read('meanwhile.txt'), undefined)
    assert.ok(ben.daemon.sync.engine.sessions().get(device.id))
    assert.equal(zoe.heard.filter(({ kind }) => kind === 'want').length < 10, true)
    zoe.manifest = manifestOf(zoe.ports, 6, 'known')
    for (const stream of zoe.streams) {
      await stream.write(encodeMetaMessage({ kind: 'head', folder: FOLDER, head: zoe.manifest.head }), { signal })
    }
    await bench.until('ben goes on', () => !isStopped() && ben.read('meanwhile.txt') === 'meanwhile')
    assert.equal(
      ben.device.hands.walk('/photos').some(({ path }) => path === 'album'),
      true,
    )
  })
})

describe('a group that a newer Holt has changed', () => {
  it('is synced with nobody, and again once it is understood', async () => {
    await using bench = createFolderBench(3)
    const anna = bench.place('anna')
    const ben = bench.place('ben')
    anna.write('before.txt', 'before')
    await bench.until('the first file', () => ben.read('before.txt') === 'before')
    bench.setOutdated(ben, true)
    const { engine } = ben.daemon.sync
    await bench.until('no session', () => engine.sessions().get(anna.device.id) === undefined)
    anna.write('meanwhile.txt', 'meanwhile')
    await bench.world.runFor(120_000)
    assert.equal(ben.read('meanwhile.txt'), undefined)
    bench.setOutdated(ben, false)
    await bench.until('the file of meanwhile', () => ben.read('meanwhile.txt') === 'meanwhile')
  })
})

/** Chance entries, manifests and messages for properties, and how vectors write a value. */

import assert from 'node:assert/strict'
import { hex } from '@scure/base'
import fc from 'fast-check'
import { createNativeCrypto, createSigner } from '../../daemon/native-crypto.ts'
import type { Value } from '../../protocol/codec.ts'
import { encode } from '../../protocol/codec.ts'
import type { Signer } from '../../protocol/crypto.ts'
import type { Content, Entry } from '../../protocol/entry.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { blobHashOf, chunkListHashOf, deviceIdOf, folderIdOf, segmentHashOf } from '../../protocol/ids.ts'
import { CHUNK_BYTES, FILE_BYTES_MAX } from '../../protocol/limits.ts'
import type { Head, Segment } from '../../protocol/manifest.ts'
import type { MetaMessage } from '../../protocol/meta-messages.ts'
import { parseRelPath, pathFault } from '../../protocol/path.ts'
import type { Vector } from '../../protocol/vector.ts'

export const crypto = createNativeCrypto()
/** The three devices of the vectors. */
export const SIGNERS = [1, 2, 3].map((seed) => createSigner(new Uint8Array(32).fill(seed)))

export function signerOf(device: DeviceId): Signer {
  const signer = SIGNERS.find((each) => each.device === device)
  assert.ok(signer)
  return signer
}

const bytesOf = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length })
const aHash = bytesOf(32)
const aUint = fc.oneof(fc.nat(1000), fc.maxSafeNat())
/** Characters that programs like to drop, replace or fold. */
const aText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc
    .array(fc.constantFrom('\ufeff', '\ufffd', '\u0000', 'a', 'é', '写', '😀'), { maxLength: 30 })
    .map((t) => t.join('')),
)
export const aKnownDevice = fc.constantFrom(...SIGNERS.map(({ device }) => device))
const aDevice = fc.oneof(aKnownDevice, aHash.map(deviceIdOf))
export const aFolder = bytesOf(16).map(folderIdOf)
export const aPath = fc
  .array(fc.oneof(fc.constantFrom('a', 'Fotos', 'ü', '写真', '\ufeffx'), aText), { minLength: 1, maxLength: 4 })
  .map((components) => components.join('/').normalize('NFC'))
  .filter((text) => pathFault(text) === undefined)
  .map(parseRelPath)
const aCounter = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }))
/** Of few devices and small counters, so that chance meets every case of a comparison. */
export const aVector: fc.Arbitrary<Vector> = vectorOf(aDevice, aCounter, 0)
export const aCloseVector: fc.Arbitrary<Vector> = vectorOf(aKnownDevice, fc.integer({ min: 1, max: 3 }), 0)

function vectorOf(device: fc.Arbitrary<DeviceId>, counter: fc.Arbitrary<number>, minLength: number) {
  return fc
    .uniqueArray(fc.tuple(device, counter), { minLength, maxLength: 6, selector: ([id]) => id })
    .map((pairs): Vector => pairs.sort(([a], [b]) => (a < b ? -1 : 1)))
}

const aSmallFile = fc.record({ sizeBytes: fc.integer({ min: 0, max: CHUNK_BYTES }), chunks: fc.constant(null) })
const aLargeFile = fc.record({
  sizeBytes: fc.integer({ min: CHUNK_BYTES + 1, max: FILE_BYTES_MAX }),
  chunks: aHash.map(chunkListHashOf),
})
const aContent: fc.Arbitrary<Content> = fc.oneof(
  fc
    .tuple(fc.oneof(aSmallFile, aLargeFile), aHash.map(blobHashOf), fc.boolean())
    .map(([size, hash, executable]) => ({ kind: 'file' as const, ...size, hash, executable })),
  fc.constant({ kind: 'directory' as const }),
  aText
    .filter((target) => target !== '' && !target.includes('\0'))
    .map((target) => ({ kind: 'symlink' as const, target })),
  fc.constant({ kind: 'deleted' as const }),
)
/** Keys that no Holt knows yet. */
const anExtra = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 2, max: 99 }), fc.uint8Array({ maxLength: 40 })), {
    maxLength: 3,
    selector: ([key]) => key,
  })
  .map((extra) => extra.sort(([a], [b]) => a - b))

export const anEntry: fc.Arbitrary<Entry> = fc.record({
  path: aPath,
  content: aContent,
  mtimeMs: aUint,
  version: vectorOf(aDevice, aCounter, 1),
  modBy: aDevice,
  t: aUint,
  isConflictCopy: fc.boolean(),
  isHeld: fc.boolean(),
  extra: anExtra,
})

const anHlc = fc.record({ ms: aUint, counter: aUint })
const aPosition = fc.record({ epoch: aUint, seq: aUint })

export const aSegment: fc.Arbitrary<Segment> = fc.record({
  ...{ folder: aFolder, device: aKnownDevice, epoch: aUint, segNo: aUint, firstSeq: aUint },
  prevHash: fc.option(aHash.map(segmentHashOf)),
  hlc: anHlc,
  entries: fc.array(anEntry, { minLength: 1, maxLength: 5 }),
})

export const aHead: fc.Arbitrary<Head> = fc
  .record({
    ...{ folder: aFolder, device: aKnownDevice, epoch: aUint, liveCount: aUint, stateDigest: aHash, hlc: anHlc },
    last: fc.option(fc.tuple(fc.integer({ min: 1, max: 2 ** 40 }), aHash.map(segmentHashOf))),
    previous: fc.option(aPosition),
  })
  .map(({ last, ...head }) => ({ ...head, lastSeq: last?.[0] ?? 0, lastSegHash: last?.[1] ?? null }))

const aSigned = fc.record({ body: fc.uint8Array({ maxLength: 40 }), signature: bytesOf(64) })
const aNotice = fc.option(fc.record({ reason: aText, deletes: aUint, live: aUint }))
const of = <K extends string>(kind: K): { kind: fc.Arbitrary<K>; folder: typeof aFolder } => ({
  kind: fc.constant(kind),
  folder: aFolder,
})

export const aMessage: fc.Arbitrary<MetaMessage> = fc.oneof(
  fc.record({
    kind: fc.constant('hello' as const),
    release: aText,
    folders: fc.array(fc.record({ folder: aFolder, head: aSigned, halt: aNotice }), { maxLength: 3 }),
  }),
  fc.record({ ...of('head'), head: aSigned }),
  fc.record({ ...of('want'), epoch: aUint, fromSegNo: aUint }),
  fc.record({ ...of('segments'), head: aSigned, segments: fc.array(aSigned, { maxLength: 3 }) }),
  fc.record({ ...of('ack'), position: aPosition }),
  fc.record(of('recall')),
  fc.record({
    ...of('recalled'),
    head: fc.option(aSigned),
    entries: fc.array(anEntry, { maxLength: 3 }),
    isLast: fc.boolean(),
  }),
  fc.record({ ...of('halt'), notice: aNotice }),
  fc.record({ ...of('decide'), approve: fc.boolean() }),
  fc.record(of('drop')),
  fc.record({ kind: fc.constant('ping' as const) }),
)

export const aValue: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    aUint,
    aText,
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie('value'), { maxLength: 5 }),
  ),
})).value

/** Some bytes of a kind, with up to three of them set anew, cut off or doubled: nearly right, and mostly wrong. */
export function mangled(bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const aFault = fc.record({
    at: fc.nat(),
    to: fc.oneof(fc.nat(255), fc.constantFrom(0, 0x18, 0x40, 0x60, 0x80, 0xf6)),
  })
  return fc
    .tuple(bytes, fc.array(aFault, { minLength: 1, maxLength: 3 }), fc.integer({ min: -3, max: 3 }))
    .map(([whole, faults, more]) => {
      const wrong = new Uint8Array(Math.max(1, whole.length + more))
      wrong.set(whole.subarray(0, wrong.length))
      for (const { at, to } of faults) wrong[at % wrong.length] = to
      return wrong
    })
}

/** Values whose shape is nearly that of an object: a field of it is another. */
export function misshapen(
  bytes: fc.Arbitrary<Uint8Array>,
  parse: (bytes: Uint8Array) => Value,
): fc.Arbitrary<Uint8Array> {
  return fc.tuple(bytes, fc.nat(), aValue).map(([whole, at, value]) => {
    const fields = parse(whole)
    assert.ok(Array.isArray(fields))
    const changed = [...(fields as readonly Value[])]
    changed[at % Math.max(1, changed.length)] = value
    return encode(changed)
  })
}

/** What comes of bytes: a value, or a `ProtocolError` and no other. */
export function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch (cause) {
    assert.ok(cause instanceof ProtocolError, `a ProtocolError, not ${String(cause)}`)
    return undefined
  }
}

/** A value as the vectors write it: bytes in hex. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return hex.encode(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]))
}

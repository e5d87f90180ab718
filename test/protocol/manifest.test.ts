/** Entries, segments and heads: by vectors, as properties, against any other bytes, and at their limits. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hex } from '@scure/base'
import fc from 'fast-check'
import { z } from 'zod'
import { decode, encode } from '../../protocol/codec.ts'
import type { Signed } from '../../protocol/crypto.ts'
import { sealBody } from '../../protocol/crypto.ts'
import type { Entry } from '../../protocol/entry.ts'
import {
  contentKey,
  entryBytesMax,
  entryDigest,
  entryFromWire,
  entryToWire,
  sameContent,
} from '../../protocol/entry.ts'
import { deviceKey } from '../../protocol/ids.ts'
import { SEGMENT_BYTES_MAX, SEGMENT_ENTRIES_MAX, VECTOR_DEVICES_MAX } from '../../protocol/limits.ts'
import type { Head, Segment } from '../../protocol/manifest.ts'
import {
  comparePositions,
  devicesOf,
  moveDigest,
  openHead,
  openSegment,
  sealHead,
  sealSegment,
  segmentHash,
} from '../../protocol/manifest.ts'
import { comparePaths, parseRelPath } from '../../protocol/path.ts'
import { scaled } from '../scale.ts'
import {
  SIGNERS,
  aHead,
  aPath,
  aSegment,
  anEntry,
  attempt,
  crypto,
  mangled,
  misshapen,
  plain,
  signerOf,
} from './sample-wire.ts'
import { vectorsOf, zHex, zRefused } from './vector-files.ts'

const zSigned = { body: zHex, signature: zHex }
const [ANNA, BEN] = SIGNERS
const RUNS = { numRuns: scaled({ small: 300, full: 1_500 }) }

const seal = (segment: Segment): Signed => sealSegment(segment, signerOf(segment.device), crypto)
const sealOf = (head: Head): Signed => sealHead(head, signerOf(head.device), crypto)
/** Any body under a right signature of the first device: what a member may send that lies. */
const lying = (what: 'segment' | 'head', body: Uint8Array): Signed => {
  assert.ok(ANNA)
  return sealBody(what, body, ANNA, crypto)
}
const byAnna = <T extends Segment | Head>(object: T): T => {
  assert.ok(ANNA)
  return { ...object, device: ANNA.device }
}

describe('an entry', () => {
  it('comes out as it went in, what newer programs say included', () => {
    fc.assert(
      fc.property(anEntry, (entry) => {
        const devices = devicesOf([entry])
        const bytes = encode(entryToWire(entry, (device) => devices.indexOf(device)))
        assert.deepEqual(plain(entryFromWire(decode(bytes), devices)), plain(entry))
      }),
      RUNS,
    )
  })

  it('is never longer than a sealer reckons', () => {
    fc.assert(
      fc.property(anEntry, (entry) => {
        const devices = devicesOf([entry])
        const bytes = encode(entryToWire(entry, (device) => devices.indexOf(device)))
        assert.ok(bytes.length <= entryBytesMax(entry))
      }),
      RUNS,
    )
  })

  it('has one key for its content: equal exactly where the content is', () => {
    fc.assert(
      fc.property(anEntry, anEntry, ({ content: a }, { content: b }) => {
        assert.equal(contentKey(a) === contentKey(b), sameContent(a, b))
        assert.ok(sameContent(a, a))
      }),
      RUNS,
    )
  })
})

describe('a segment', () => {
  const shape = z.array(z.object({ name: z.string(), ...zSigned, hash: z.string(), value: z.unknown() }))
  for (const { name, hash, value, ...signed } of vectorsOf('manifest/segments', shape)) {
    it(`is what the vectors say: ${name}`, () => {
      const segment = openSegment(signed, crypto)
      assert.deepEqual(plain(segment), value)
      assert.deepEqual(plain(seal(segment)), plain(signed))
      assert.equal(segmentHash(signed, crypto), hash)
    })
  }

  it('is refused for every fault of the vectors, with its code', () => {
    const faults = z.array(zRefused.omit({ hex: true }).extend(zSigned))
    for (const { why, code, ...signed } of vectorsOf('manifest/invalid-segments', faults)) {
      assert.throws(() => openSegment(signed, crypto), { name: 'ProtocolError', code }, why)
    }
  })

  it('comes out as it went in', () => {
    fc.assert(
      fc.property(aSegment, (segment) => assert.deepEqual(plain(openSegment(seal(segment), crypto)), plain(segment))),
      RUNS,
    )
  })

  it('is a ProtocolError or the one encoding of what it says, even under a right signature', () => {
    const sealed = aSegment.map((segment) => seal(byAnna(segment)).body)
    const bodies = fc.oneof(mangled(sealed), misshapen(sealed, decode), fc.uint8Array({ maxLength: 60 }))
    fc.assert(
      fc.property(bodies, (body) => {
        const segment = attempt(() => openSegment(lying('segment', body), crypto))
        if (segment !== undefined) assert.equal(hex.encode(seal(segment).body), hex.encode(body))
      }),
      { numRuns: scaled({ small: 1_500, full: 8_000 }) },
    )
  })

  it('is refused when any bit of its body or signature is another, or another device signed it', () => {
    fc.assert(
      fc.property(aSegment, fc.nat(), fc.nat(7), (segment, at, bit) => {
        const signed = seal(byAnna(segment))
        const bytes = Uint8Array.of(...signed.body, ...signed.signature)
        bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ (1 << bit)
        const [body, signature] = [bytes.slice(0, signed.body.length), bytes.slice(signed.body.length)]
        assert.equal(
          attempt(() => openSegment({ body, signature }, crypto)),
          undefined,
        )
        assert.ok(BEN)
        const forged = sealSegment(byAnna(segment), BEN, crypto)
        assert.throws(() => openSegment(forged, crypto), { name: 'ProtocolError', code: 'bad-signature' })
      }),
      RUNS,
    )
  })

  it('has at most so many entries, devices and bytes', () => {
    const [first] = fc.sample(aSegment, { numRuns: 1, seed: 1 })
    const [entry] = fc.sample(anEntry, { numRuns: 1, seed: 1 })
    assert.ok(first && entry && ANNA)
    const small: Entry = {
      ...entry,
      content: { kind: 'directory' },
      version: [[ANNA.device, 1]],
      modBy: ANNA.device,
      extra: [],
    }
    const of = (count: number): Segment => byAnna({ ...first, entries: Array.from({ length: count }, () => small) })
    assert.equal(openSegment(seal(of(SEGMENT_ENTRIES_MAX)), crypto).entries.length, SEGMENT_ENTRIES_MAX)
    assert.throws(() => openSegment(seal(of(SEGMENT_ENTRIES_MAX + 1)), crypto), { code: 'too-large' })
    assert.throws(() => openSegment(seal(of(0)), crypto), { code: 'bad-field' })

    const huge = { ...small, extra: [[2, new Uint8Array(8 * 1024)]] as const }
    const many = Array.from({ length: SEGMENT_BYTES_MAX / (8 * 1024) }, () => huge)
    assert.throws(() => seal({ ...of(1), entries: many }), RangeError)
    assert.throws(() => openSegment(lying('segment', new Uint8Array(SEGMENT_BYTES_MAX + 1)), crypto), {
      code: 'too-large',
    })

    const fields = decode(seal(of(1)).body)
    assert.ok(Array.isArray(fields))
    const keys = Array.from({ length: VECTOR_DEVICES_MAX + 1 }, (_, i) => new Uint8Array(32).fill(i))
    const crowded = encode([...(fields.slice(0, 8) as number[]), keys, fields[9] as number])
    assert.throws(() => openSegment(lying('segment', crowded), crypto), { code: 'too-large' })
  })
})

describe('a head', () => {
  const shape = z.array(z.object({ name: z.string(), ...zSigned, value: z.unknown() }))
  for (const { name, value, ...signed } of vectorsOf('manifest/heads', shape)) {
    it(`is what the vectors say: ${name}`, () => {
      const head = openHead(signed, crypto)
      assert.deepEqual(plain(head), value)
      assert.deepEqual(plain(sealOf(head)), plain(signed))
    })
  }

  it('is refused for every fault of the vectors, with its code', () => {
    const faults = z.array(zRefused.omit({ hex: true }).extend(zSigned))
    for (const { why, code, ...signed } of vectorsOf('manifest/invalid-heads', faults)) {
      assert.throws(() => openHead(signed, crypto), { name: 'ProtocolError', code }, why)
    }
  })

  it('comes out as it went in', () => {
    fc.assert(
      fc.property(aHead, (head) => assert.deepEqual(plain(openHead(sealOf(head), crypto)), plain(head))),
      RUNS,
    )
  })

  it('is a ProtocolError or the one encoding of what it says, even under a right signature', () => {
    const sealed = aHead.map((head) => sealOf(byAnna(head)).body)
    const bodies = fc.oneof(mangled(sealed), misshapen(sealed, decode), fc.uint8Array({ maxLength: 60 }))
    fc.assert(
      fc.property(bodies, (body) => {
        const head = attempt(() => openHead(lying('head', body), crypto))
        if (head !== undefined) assert.equal(hex.encode(sealOf(head).body), hex.encode(body))
      }),
      { numRuns: scaled({ small: 1_500, full: 8_000 }) },
    )
  })

  it('is signed as a head: the signature of a segment over the same bytes is none', () => {
    const [head] = fc.sample(aHead, { numRuns: 1, seed: 1 })
    assert.ok(head)
    const { body } = sealOf(byAnna(head))
    assert.throws(() => openHead(lying('segment', body), crypto), { code: 'bad-signature' })
    assert.deepEqual(plain(openHead(lying('head', body), crypto)), plain(byAnna(head)))
  })
})

describe('a state digest', () => {
  const zDigest = z.object({ segment: z.number(), digests: z.array(z.string()), sum: z.string() })

  it('is the sum that the vectors say', () => {
    const segments = vectorsOf('manifest/segments', z.array(z.object(zSigned)))
    for (const { segment, digests, sum } of vectorsOf('manifest/digests', z.array(zDigest))) {
      const signed = segments[segment]
      assert.ok(signed)
      const terms = openSegment(signed, crypto).entries.map((entry) => entryDigest(entry, crypto))
      assert.deepEqual(
        terms.map((term) => hex.encode(term)),
        digests,
      )
      const total = terms.reduce((digest, term) => moveDigest(digest, null, term), new Uint8Array(32))
      assert.equal(hex.encode(total), sum)
    }
  })

  it('does not depend on the order, and what is taken out again leaves no trace', () => {
    const aTerm = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(fc.array(aTerm, { maxLength: 6 }), aTerm, (terms, start) => {
        const add = (digest: Uint8Array, term: Uint8Array): Uint8Array => moveDigest(digest, null, term)
        const sum = terms.reduce(add, start)
        assert.deepEqual(terms.toReversed().reduce(add, start), sum)
        assert.deepEqual(
          terms.reduce((digest, term) => moveDigest(digest, term, null), sum),
          start,
        )
        for (const term of terms) assert.deepEqual(moveDigest(sum, term, term), sum)
      }),
    )
  })

  it('tells entries apart by path, vector and content, and by nothing else', () => {
    fc.assert(
      fc.property(anEntry, anEntry, (a, b) => {
        const digest = (entry: Entry): string => hex.encode(entryDigest(entry, crypto))
        assert.equal(digest({ ...b, path: a.path, version: a.version, content: a.content }), digest(a))
        for (const other of [
          { ...a, path: b.path },
          { ...a, version: b.version },
          { ...a, content: b.content },
        ]) {
          const isSame =
            other.path === a.path &&
            JSON.stringify(other.version) === JSON.stringify(a.version) &&
            sameContent(other.content, a.content)
          assert.equal(digest(other) === digest(a), isSame)
        }
      }),
      RUNS,
    )
  })
})

describe('the order', () => {
  it('of positions is by epoch, then by number', () => {
    assert.ok(comparePositions({ epoch: 2, seq: 1 }, { epoch: 1, seq: 9 }) > 0)
    assert.ok(comparePositions({ epoch: 2, seq: 1 }, { epoch: 2, seq: 2 }) < 0)
    assert.equal(comparePositions({ epoch: 2, seq: 2 }, { epoch: 2, seq: 2 }), 0)
  })

  it('of paths in a manifest is that of their bytes', () => {
    fc.assert(
      fc.property(aPath, aPath, (a, b) => {
        const expected = Buffer.compare(Buffer.from(a), Buffer.from(b))
        assert.equal(Math.sign(comparePaths(a, b)), expected)
      }),
      RUNS,
    )
    const [wide, emoji] = [parseRelPath('a\uff5e'), parseRelPath('a😀')]
    assert.ok(comparePaths(wide, emoji) < 0 && comparePaths(emoji, wide) > 0)
  })

  it('of devices is that of their keys', () => {
    fc.assert(
      fc.property(fc.array(anEntry, { maxLength: 4 }), (entries) => {
        const keys = devicesOf(entries).map((device) => Buffer.from(deviceKey(device)))
        assert.deepEqual(
          keys,
          [...keys].sort((a, b) => a.compare(b)),
        )
      }),
    )
  })
})

/** Group operations and what is said of them, as bytes. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { hex } from '@scure/base'
import fc from 'fast-check'
import { z } from 'zod'
import { encode } from '../../protocol/codec.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { openOp } from '../../protocol/group.ts'
import { decodeGroupMessage, encodeGroupMessage, opBatches, signedBytes } from '../../protocol/group-messages.ts'
import { decodeIntroduction, decodePairMessage, encodePairMessage } from '../../protocol/pairing-messages.ts'
import { GROUP_OP_BYTES_MAX } from '../../protocol/limits.ts'
import { createRecovery } from '../../protocol/recovery.ts'
import { replay } from '../../daemon/core/membership.ts'
import { crypto } from '../core/group-script.ts'

const zHex = z.string().transform((text) => hex.decode(text))
const zFrames = z.object({
  valid: z.array(z.object({ kind: z.string(), frame: zHex })),
  invalid: z.array(z.object({ why: z.string(), frame: zHex })),
})

function vectors<T extends z.ZodType>(name: string, shape: T): z.infer<T> {
  return shape.parse(JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8')))
}

const zSigned = { body: zHex, signature: zHex }

describe('a group operation', () => {
  it('is read as the vectors say, every kind of it', () => {
    const shape = z.object({
      group: z.string(),
      operations: z.array(z.object({ kind: z.string(), hash: z.string(), ...zSigned })),
    })
    const { group, operations } = vectors('group/operations', shape)
    const ops = operations.map((signed) => openOp(signed, crypto))
    assert.deepEqual(
      ops.map(({ hash }) => String(hash)),
      operations.map(({ hash }) => hash),
    )
    assert.deepEqual(
      ops.map(({ change }): string => change.kind),
      operations.map(({ kind }) => kind),
    )
    assert.ok(ops.every((op) => String(op.group) === group))
    const [genesis] = ops
    assert.ok(genesis)
    const state = replay(genesis, ops)
    assert.deepEqual(
      [...state.members.values()].map(({ name, role }) => `${name} ${role}`),
      ['anna admin', 'benjamin member'],
    )
    assert.equal(state.hasUnknownKind, true)
  })

  it('is refused for every fault of the vectors, with its code', () => {
    const shape = z.object({ operations: z.array(z.object({ why: z.string(), code: z.string(), ...zSigned })) })
    for (const { why, code, ...signed } of vectors('group/invalid-operations', shape).operations) {
      assert.throws(() => openOp(signed, crypto), { name: 'ProtocolError', code }, why)
    }
  })

  it('is refused when it is over 16 KiB', () => {
    const signed = { body: new Uint8Array(GROUP_OP_BYTES_MAX + 1), signature: new Uint8Array(64) }
    assert.throws(() => openOp(signed, crypto), { code: 'too-large' })
  })

  it('is refused when any one bit of it is another', () => {
    const shape = z.object({ operations: z.array(z.object(zSigned)) })
    const { operations } = vectors('group/operations', shape)
    fc.assert(
      fc.property(fc.constantFrom(...operations), fc.nat(), fc.nat(7), (signed, at, bit) => {
        const bytes = Uint8Array.of(...signed.body, ...signed.signature)
        const place = at % bytes.length
        bytes[place] = (bytes[place] ?? 0) ^ (1 << bit)
        const body = bytes.slice(0, signed.body.length)
        assert.throws(() => openOp({ body, signature: bytes.slice(body.length) }, crypto), ProtocolError)
      }),
    )
  })
})

describe('recovery words', () => {
  it('stand for the keys of the vectors', () => {
    const shape = z.object({
      recoveries: z.array(z.object({ entropy: zHex, words: z.string(), device: z.string(), exchangeKey: zHex })),
    })
    for (const { entropy, words, device, exchangeKey } of vectors('group/recovery', shape).recoveries) {
      assert.deepEqual(createRecovery(entropy), { words, device, exchangeKey })
      assert.equal(words.split(' ').length, 12)
    }
  })
})

const CONVERSATIONS = [
  {
    name: 'group/messages',
    decode: decodeGroupMessage,
    again: (frame: Uint8Array) => encodeGroupMessage(decodeGroupMessage(frame)),
  },
  {
    name: 'pairing/messages',
    decode: decodePairMessage,
    again: (frame: Uint8Array) => encodePairMessage(decodePairMessage(frame)),
  },
]

describe('messages of pairing and of the group', () => {
  it('are read as the vectors say, and written again as the same bytes', () => {
    for (const { name, decode, again } of CONVERSATIONS) {
      for (const { kind, frame } of vectors(name, zFrames).valid) {
        assert.equal(decode(frame).kind, kind)
        assert.equal(hex.encode(again(frame)), hex.encode(frame))
      }
    }
  })

  it('are refused for every fault of the vectors', () => {
    for (const { name, decode } of CONVERSATIONS) {
      for (const { why, frame } of vectors(name, zFrames).invalid)
        assert.throws(() => decode(frame), ProtocolError, why)
    }
  })

  it('are a message or a ProtocolError, whatever the bytes', () => {
    const frames = CONVERSATIONS.flatMap(({ name }) => vectors(name, zFrames).valid.map(({ frame }) => frame))
    const zMangled = fc.tuple(fc.constantFrom(...frames), fc.nat(), fc.nat(255)).map(([frame, at, byte]) => {
      const mangled = frame.slice()
      mangled[at % mangled.length] = byte
      return mangled
    })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), zMangled), (bytes) => {
        for (const decode of [decodeGroupMessage, decodePairMessage, decodeIntroduction]) {
          try {
            decode(bytes)
          } catch (error) {
            assert.ok(error instanceof ProtocolError, String(error))
          }
        }
      }),
      { numRuns: 500 },
    )
  })

  it('are refused when they name more heads than anybody has', () => {
    const hashes = Array.from({ length: 257 }, () => new Uint8Array(32))
    assert.throws(() => decodeGroupMessage(encode([1, new Uint8Array(32), hashes, []])), { code: 'too-large' })
  })

  it('reads a reason that only a later Holt knows as some other', () => {
    const later = hex.decode('820068746f6d6f72726f77')
    assert.deepEqual(decodePairMessage(later), { kind: 'refusal', reason: 'other' })
    assert.deepEqual(decodeGroupMessage(later), { kind: 'refusal', reason: 'other' })
  })

  it('splits operations into runs that fit, in order, with nothing lost', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(900)), fc.integer({ min: 1_000, max: 5_000 }), (sizes, max) => {
        const ops = sizes.map((size) => ({ body: new Uint8Array(size), signature: new Uint8Array(64) }))
        const batches = opBatches(ops, max)
        assert.deepEqual(batches.flat(), ops)
        for (const batch of batches) assert.ok(batch.reduce((sum, op) => sum + signedBytes(op), 0) <= max)
      }),
    )
    assert.deepEqual(opBatches([], 1), [[]])
  })
})

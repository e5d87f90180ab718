/** CPace against the vectors of draft-irtf-cfrg-cpace-21, appendices A and B.3. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { hex } from '@scure/base'
import { sha512 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { z } from 'zod'
import type { CpaceInput, CpaceMessage } from '../../protocol/cpace.ts'
import {
  confirmationTag,
  createSecret,
  deriveKey,
  generatorString,
  lengthValue,
  multiplyVerified,
  sameSecretBytes,
  scalarFrom,
} from '../../protocol/cpace.ts'

const zHex = z.string().transform((text) => hex.decode(text))
const zHexes = z.record(z.string(), z.unknown()).transform(hexValues)
const vectors = z
  .object({
    generator: zHexes,
    run: zHexes,
    points: z.object({
      Valid: z.object({ s: zHex, X: zHex, 'G.scalar_mult_vfy(s,X)': zHex }),
      'Invalid Y1': zHex,
      'Invalid Y2': zHex,
    }),
    lv_cat: z.object({ parts: z.array(zHex), result: zHex }),
  })
  .parse(JSON.parse(readFileSync(new URL('../vectors/cpace/ristretto255-sha512.json', import.meta.url), 'utf8')))

const run = (name: string): Uint8Array => bytesOf(vectors.run, name)
const input: CpaceInput = { password: run('PRS'), channel: run('CI'), sessionId: run('sid') }
const messageA: CpaceMessage = { share: run('Ya'), associated: run('ADa') }
const messageB: CpaceMessage = { share: run('Yb'), associated: run('ADb') }

function bytesOf(record: Readonly<Record<string, unknown>>, name: string): Uint8Array {
  const value = record[name]
  assert.ok(value instanceof Uint8Array, `the vectors have bytes called ${name}`)
  return value
}

describe('CPace, by the vectors of the draft', () => {
  it('joins strings after their lengths', () => {
    assert.deepEqual(lengthValue(...vectors.lv_cat.parts), vectors.lv_cat.result)
    const long = Uint8Array.from({ length: 128 }, (_, i) => i)
    assert.equal(hex.encode(lengthValue(long)), `8001${hex.encode(long)}`)
  })

  it('makes the generator string, its hash and the generator', () => {
    const string = generatorString(input)
    assert.deepEqual(string, bytesOf(vectors.generator, 'generator_string(G.DSI,PRS,CI,sid,H.s_in_bytes)'))
    assert.deepEqual(sha512(string), bytesOf(vectors.generator, 'hash result'))
    const one = Uint8Array.of(1, ...new Uint8Array(31))
    assert.deepEqual(createSecret(input, one).share, bytesOf(vectors.generator, 'encoded generator g'))
  })

  it('makes both messages, the secret point and the key', () => {
    const a = createSecret(input, run('ya'))
    const b = createSecret(input, run('yb'))
    assert.deepEqual(a.share, messageA.share)
    assert.deepEqual(b.share, messageB.share)
    assert.deepEqual(multiplyVerified(a.scalar, b.share), run('K'))
    assert.deepEqual(multiplyVerified(b.scalar, a.share), run('K'))
    assert.deepEqual(deriveKey(input, a, messageA, messageB), run('ISK_IR'))
    assert.deepEqual(deriveKey(input, b, messageA, messageB), run('ISK_IR'))
  })

  it('stops on a share that is the neutral element or none at all', () => {
    const { s, X } = vectors.points.Valid
    assert.deepEqual(multiplyVerified(scalarFrom(s), X), vectors.points.Valid['G.scalar_mult_vfy(s,X)'])
    const a = createSecret(input, s)
    const sent = { share: a.share, associated: messageA.associated }
    for (const share of [vectors.points['Invalid Y1'], vectors.points['Invalid Y2'], new Uint8Array(31)]) {
      assert.equal(multiplyVerified(scalarFrom(s), share), undefined)
      assert.equal(deriveKey(input, a, sent, { share, associated: messageB.associated }), undefined)
    }
  })
})

describe('a CPace run', () => {
  const text = (value: string): Uint8Array => new TextEncoder().encode(value)
  const zBytes = fc.uint8Array({ minLength: 32, maxLength: 32 }).filter((bytes) => bytes.some((byte) => byte !== 0))

  it('ends in one key and one tag exactly when all that went in is equal', () => {
    const fields = ['password', 'channel', 'sessionId', 'associated'] as const
    fc.assert(
      fc.property(zBytes, zBytes, fc.option(fc.constantFrom(...fields)), (randomI, randomR, wrong) => {
        fc.pre(!sameSecretBytes(randomI, randomR))
        const fieldOf = (name: (typeof fields)[number]): Uint8Array => text(wrong === name ? 'other' : 'same')
        const shared = { password: text('same'), channel: text('same'), sessionId: text('same') }
        const different = {
          password: fieldOf('password'),
          channel: fieldOf('channel'),
          sessionId: fieldOf('sessionId'),
        }
        const i = createSecret(shared, randomI)
        const r = createSecret(different, randomR)
        const sentI = { share: i.share, associated: text('same') }
        const seenI = { share: i.share, associated: fieldOf('associated') }
        const sentR = { share: r.share, associated: text('R') }
        const keyI = deriveKey(shared, i, sentI, sentR)
        const keyR = deriveKey(different, r, seenI, sentR)
        assert.ok(keyI !== undefined && keyR !== undefined)
        assert.equal(sameSecretBytes(keyI, keyR), wrong === null)
        const tag = confirmationTag(keyI, shared.sessionId, sentI)
        const expected = confirmationTag(keyR, different.sessionId, seenI)
        assert.equal(sameSecretBytes(tag, expected), wrong === null)
      }),
      { numRuns: 20 },
    )
  })

  it('proves each side by its own message, so that a tag cannot be sent back', () => {
    const key = run('ISK_IR')
    const tagA = confirmationTag(key, input.sessionId, messageA)
    assert.equal(tagA.length, 64)
    assert.equal(sameSecretBytes(tagA, confirmationTag(key, input.sessionId, messageB)), false)
  })

  it('refuses randomness that is none', () => {
    assert.throws(() => createSecret(input, new Uint8Array(32)), /zeros/)
    assert.throws(() => createSecret(input, new Uint8Array(31)), /32 bytes/)
  })
})

function hexValues(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const isHex = (value: unknown): value is string => typeof value === 'string' && /^([0-9a-f]{2})+$/.test(value)
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, isHex(value) ? hex.decode(value) : value]),
  )
}

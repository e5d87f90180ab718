/** Pairing codes: what is shown, what may be typed, and what a mistake is answered with. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { hex } from '@scure/base'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import fc from 'fast-check'
import { z } from 'zod'
import type { PairingCode } from '../../protocol/pairing.ts'
import { NAMEPLATE_MAX, createCode, formatCode, parseCode, passwordOf } from '../../protocol/pairing.ts'

const vectors = z
  .object({ codes: z.array(z.object({ random: z.string(), nameplate: z.number(), code: z.string() })) })
  .parse(JSON.parse(readFileSync(new URL('../vectors/pairing/codes.json', import.meta.url), 'utf8')))

const zCode = fc
  .tuple(fc.nat(NAMEPLATE_MAX - 1), fc.uint8Array({ minLength: 4, maxLength: 4 }))
  .map(([nameplate, secret]) => createCode((length) => (length === 1 ? Uint8Array.of(nameplate) : secret)))

function read(text: string): PairingCode {
  const parsed = parseCode(text)
  assert.ok(parsed.kind === 'code', `${text}: ${parsed.kind === 'code' ? '' : parsed.message}`)
  return parsed.code
}

function complaint(text: string): { message: string; nearest: string | null } {
  const parsed = parseCode(text)
  assert.ok(parsed.kind === 'not-a-code', `${text} is taken for a code`)
  return parsed
}

describe('a pairing code', () => {
  it('is made of 27 secret bits and a checksum, as the vectors say', () => {
    for (const { random, nameplate, code } of vectors.codes) {
      const made = createCode((length) => (length === 1 ? Uint8Array.of(nameplate - 1) : hex.decode(random)))
      assert.equal(formatCode(made), code)
      assert.deepEqual(read(code), made)
    }
  })

  it('looks like 7-soldier-wet-jelly', () => {
    fc.assert(fc.property(zCode, (code) => assert.match(formatCode(code), /^[1-9][0-9]?(-[a-z]{3,8}){3}$/)))
  })

  it('may be typed in any case, with spaces or dashes, each word cut to four letters', () => {
    const separator = fc.constantFrom('-', ' ', '  ', ' - ', '\u2013', '\u2014', '\t')
    fc.assert(
      fc.property(zCode, separator, fc.nat(8), fc.boolean(), (code, between, cut, isUpper) => {
        const words = code.words.map((word) => (cut >= 4 ? word.slice(0, cut) : word))
        const typed = ` ${[code.nameplate, ...words].join(between)} `
        assert.deepEqual(read(isUpper ? typed.toUpperCase() : typed), code)
      }),
    )
  })

  it('is a password of whole words, however it was typed', () => {
    const code = createCode((length) => new Uint8Array(length).fill(3))
    const short = [code.nameplate, ...code.words.map((word) => word.slice(0, 4))].join(' ')
    assert.deepEqual(passwordOf(read(short)), new TextEncoder().encode(code.words.join('-')))
  })

  it('gives every nameplate the same chance', () => {
    const counts = new Map<number, number>()
    for (let byte = 0; byte < 256; byte++) {
      let isAskedAgain = false
      const code = createCode((length) => {
        if (length !== 1) return new Uint8Array(length)
        if (isAskedAgain) return Uint8Array.of(0)
        isAskedAgain = true
        return Uint8Array.of(byte)
      })
      if (byte < 2 * NAMEPLATE_MAX) counts.set(code.nameplate, (counts.get(code.nameplate) ?? 0) + 1)
    }
    assert.equal(counts.size, NAMEPLATE_MAX)
    assert.deepEqual(new Set(counts.values()), new Set([2]))
  })
})

describe('a mistyped pairing code', () => {
  it('is answered with the word that was meant', () => {
    const [first, second, third] = ['soldier', 'wet', 'jelly']
    const mistakes = [
      [`7 soldeir ${second} ${third}`, 'soldier'],
      [`7 ${first} ${second} jely`, 'jelly'],
      [`7 ${first} wett ${third}`, 'wet'],
      [`7 ${first} ${second} jellyy`, 'jelly'],
    ] as const
    for (const [typed, meant] of mistakes) {
      const { message, nearest } = complaint(typed)
      assert.equal(nearest, meant)
      assert.match(message, new RegExp(`Did you mean "${meant}"\\?$`))
    }
  })

  it('offers a word of the list for anything that is none', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{1,12}$/), (typed) => {
        const parsed = parseCode(`7 ${typed} wet jelly`)
        if (parsed.kind === 'not-a-code' && parsed.nearest !== null) assert.ok(wordlist.includes(parsed.nearest))
      }),
    )
  })

  it('is caught by the checksum when a word or the number is another, all but one time in sixty-four', () => {
    let caught = 0
    const runs = 1_000
    fc.assert(
      fc.property(zCode, fc.nat(3), fc.nat(wordlist.length - 1), (code, place, index) => {
        const words: string[] = [...code.words]
        words[place % 3] = wordlist[index] ?? ''
        fc.pre(words.join() !== code.words.join())
        if (parseCode([code.nameplate, ...words].join('-')).kind === 'not-a-code') caught++
      }),
      { numRuns: runs },
    )
    assert.ok(caught > runs * 0.95, `${caught} of ${runs}`)
    const code = createCode((length) => new Uint8Array(length).fill(5))
    const numbers = Array.from({ length: NAMEPLATE_MAX }, (_, i) => parseCode([i + 1, ...code.words].join('-')))
    const taken = numbers.filter(({ kind }) => kind === 'code').length
    assert.ok(taken >= 1 && taken < 8, `${taken} of ${NAMEPLATE_MAX} nameplates fit the words`)
  })

  it('says what a code looks like when it has another shape', () => {
    for (const typed of [
      '',
      '7',
      '7-soldier-wet',
      '7-soldier-wet-jelly-jelly',
      'soldier-wet-jelly',
      '0-soldier-wet-jelly',
    ]) {
      assert.match(complaint(typed).message, /such as 7-soldier-wet-jelly/)
    }
    assert.match(complaint('100-soldier-wet-jelly').message, /no number from 1 to 99/)
  })

  it('is never more than not a code, whatever was typed', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (typed) => assert.ok(parseCode(typed).kind.length > 0)))
  })
})

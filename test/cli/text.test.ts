/** What reaches a terminal is clean, lies in columns, and is coloured only where colours are shown. */

import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formatAgo, formatBytes, formatDuration, formatShare } from '../../cli/amounts.ts'
import { toColumns } from '../../cli/columns.ts'
import { createOutput } from '../../cli/output.ts'
import { shortAddress, shortPath } from '../../cli/places.ts'
import { shellWord } from '../../protocol/shell-word.ts'
import { clean, joined, plainOf, styled, t, widthOf } from '../../cli/text.ts'
import type { World } from '../../cli/world.ts'

const lent = (
  isTTY: boolean,
  environment: World['environment'] = {},
): { out: ReturnType<typeof createOutput>; text: () => string } => {
  const screen = () => Object.assign(new PassThrough(), { isTTY })
  const [stdout, stderr] = [screen(), screen()]
  const out = createOutput({ stdout, stderr, environment })
  return { out, text: () => String(stdout.read() ?? '') }
}

describe('a text', () => {
  it('never carries a control character, a change of direction or a lone surrogate that came from outside', () => {
    const hostile = fc.string({
      unit: fc.constantFrom(
        'a',
        '\u001b',
        '\u009b',
        '\r',
        '\n',
        '\u202e',
        '\u2066',
        '\u200f',
        '\ufeff',
        '\ud800',
        'é',
        '写',
      ),
    })
    fc.assert(
      fc.property(hostile, (name) => {
        const shown = plainOf(joined([t`${name}`, styled('red', name)], name))
        assert.doesNotMatch(shown, /\p{Cc}|[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u)
        assert.ok(shown.isWellFormed())
      }),
    )
  })

  it('leaves alone what people write in', () => {
    for (const name of ['Küche', '写真', 'صور', '👩‍👩‍👧', 'a b', 'naïve']) assert.equal(clean(name), name)
  })

  it('keeps two names apart that differ only in what is not shown', () => {
    assert.notEqual(clean('a\u200eb'), clean('ab'))
  })

  it('counts wide characters twice and combining marks not at all', () => {
    assert.equal(widthOf(t`写真`), 4)
    assert.equal(widthOf(t`e\u0301`), 1)
  })

  it('lies in columns', () => {
    const rows = [
      [t`写真`, t`1`, t`x`],
      [t`a`, styled('red', '200'), t`y`],
    ]
    assert.deepEqual(toColumns(rows).map(plainOf), ['写真  1    x', 'a     200  y'])
  })
})

describe('an output', () => {
  it('is coloured on a terminal only', () => {
    const [pipe, terminal] = [lent(false), lent(true)]
    for (const { out } of [pipe, terminal]) out.line(t`${styled('red', 'no')}`)
    assert.equal(pipe.text(), 'no\n')
    assert.equal(terminal.text(), '\u001b[31mno\u001b[39m\n')
  })

  it('has no colours with NO_COLOR, unless that is empty, and none on a dumb terminal', () => {
    for (const [environment, hasColour] of [
      [{ NO_COLOR: '1' }, false],
      [{ NO_COLOR: '' }, true],
      [{ TERM: 'dumb' }, false],
    ] as const) {
      const { out, text } = lent(true, environment)
      out.line(styled('bold', 'x'))
      assert.equal(text() !== 'x\n', hasColour, JSON.stringify(environment))
    }
  })

  it('writes JSON that no terminal obeys and that says the same', () => {
    const { out, text } = lent(true)
    const value = { name: 'a\u202eb\u009b\u0007' }
    out.json(value)
    const line = text()
    assert.match(line, /^[\x20-\x7e]+\n$/)
    assert.deepEqual(JSON.parse(line), value)
  })
})

describe('an amount', () => {
  it('is as people say it', () => {
    assert.deepEqual([0, 999, 1000, 1550, 999_949, 999_950, 1e12].map(formatBytes), [
      '0 B',
      '999 B',
      '1 kB',
      '1.6 kB',
      '1 MB',
      '1 MB',
      '1 TB',
    ])
    assert.deepEqual([400, 59_000, 240_000, 7_500_000, 86_400_000 * 3].map(formatDuration), [
      '0 s',
      '59 s',
      '4 min',
      '2 h 5 min',
      '3 days',
    ])
    assert.equal(formatAgo(1000, 2000), 'just now')
    assert.equal(formatAgo(0, 86_400_000), '1 day ago')
    assert.deepEqual([formatShare(999, 1000), formatShare(0, 0)], ['99 %', '100 %'])
  })
})

describe('a place', () => {
  it('is short', () => {
    assert.deepEqual(
      ['/home/ada', '/home/ada/x', '/home/adam/x'].map((path) => shortPath(path, '/home/ada')),
      ['~', '~/x', '/home/adam/x'],
    )
    assert.equal(shortAddress('/ip4/10.0.0.1/tcp/14658/tls/p2p/12D3'), '10.0.0.1:14658')
    assert.equal(shortAddress('/ip6/fd00::1/tcp/1'), '[fd00::1]:1')
    assert.equal(shortAddress('/ip4/0.0.0.0/tcp/14658'), 'port 14658')
    assert.equal(shortAddress('somewhere'), 'somewhere')
  })
})

describe('a word for the shell', () => {
  it('is quoted where it has to be', () => {
    assert.deepEqual(['Photos', 'My Photos', "Ada's", '-x', '', '~/x', 'ü'].map(shellWord), [
      'Photos',
      "'My Photos'",
      `'Ada'\\''s'`,
      "'-x'",
      "''",
      "'~/x'",
      "'ü'",
    ])
  })
})

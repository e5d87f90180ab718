/** Which paths a device keeps. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createSelection } from '../../daemon/core/selection.ts'
import { ancestorsOf, parseRelPath } from '../../protocol/path.ts'
import { scaled } from '../scale.ts'

const keeps = (patterns: { include?: string[]; exclude?: string[] }, path: string): boolean => {
  const selection = createSelection({ include: [], exclude: [], ...patterns })
  return !selection.leavesOut(parseRelPath(path.replace(/\/$/, '')), path.endsWith('/'))
}

describe('a selection', () => {
  it('keeps everything while nothing is chosen', () => {
    assert.ok(keeps({}, 'a/b') && createSelection({ include: [], exclude: [] }).isEmpty)
  })

  it('leaves out what a pattern excludes, with all below it, and says which pattern', () => {
    const selection = createSelection({ include: [], exclude: ['/raw', '*.tmp'] })
    assert.deepEqual(selection.explain(parseRelPath('raw/deep/1.dng'), false), { kind: 'excluded', pattern: '/raw' })
    assert.deepEqual(selection.explain(parseRelPath('a/b.tmp'), false), { kind: 'excluded', pattern: '*.tmp' })
    assert.equal(selection.explain(parseRelPath('a/raw'), false), undefined)
  })

  it('keeps only what a pattern includes, the directories on the way, and the ignore files there', () => {
    const include = ['/photos/2024', '/docs/*/final/']
    for (const path of [
      'photos/',
      'photos/2024/',
      'photos/2024/a/b.jpg',
      'docs/',
      'docs/x/',
      'docs/x/final/y',
      '.holtignore',
    ])
      assert.ok(keeps({ include }, path), path)
    for (const path of ['photos/a.jpg', 'photos/2023/', 'docs/x/draft/', 'music/', 'music/.holtignore'])
      assert.ok(!keeps({ include }, path), path)
    assert.ok(keeps({ include }, 'photos/.holtignore'))
  })

  it('excludes from what is included', () => {
    assert.ok(!keeps({ include: ['/photos'], exclude: ['*.dng'] }, 'photos/a.dng'))
    assert.ok(keeps({ include: ['/photos'], exclude: ['*.dng'] }, 'photos/a.jpg'))
  })

  it('never keeps a file without the directories above it', () => {
    const part = fc.constantFrom('a', 'b', '*', '**', '?', '[ab]', 'a*', '**b', '[!a', 'é')
    const pattern = fc
      .tuple(fc.constantFrom('', '/', '!'), fc.array(part, { minLength: 1, maxLength: 4 }), fc.constantFrom('', '/'))
      .map(([start, parts, end]) => `${start}${parts.join('/')}${end}`)
    const patterns = fc.array(pattern, { minLength: 1, maxLength: 3 })
    const path = fc
      .array(fc.constantFrom('a', 'b', 'ab', 'é'), { minLength: 1, maxLength: 5 })
      .map((names) => names.join('/'))
    fc.assert(
      fc.property(patterns, fc.option(patterns), path, (include, exclude, file) => {
        const selection = createSelection({ include, exclude: exclude ?? [] })
        if (selection.leavesOut(parseRelPath(file), false)) return
        for (const directory of ancestorsOf(parseRelPath(file)))
          assert.ok(!selection.leavesOut(directory, true), directory)
      }),
      { numRuns: scaled({ small: 2000, full: 100_000 }) },
    )
  })
})

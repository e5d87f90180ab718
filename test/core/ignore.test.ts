/** Ignore files against git itself, which says what the rules are. */

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { createIgnoreRules } from '../../daemon/core/ignore.ts'
import type { DirPath } from '../../protocol/path.ts'
import { ROOT, parseRelPath } from '../../protocol/path.ts'
import { scaled } from '../scale.ts'

const NAMES = ['a', 'b', 'c.jpg', 'd.txt'] as const
const FILES = NAMES.flatMap((top) => [top, ...NAMES.map((name) => `${top}/${name}`), `${top}/b/a`, `${top}/b/c.jpg`])

/** A repository that is only asked what it ignores. Names ending in `/` are directories. */
class Git implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'holt-ignore-'))

  constructor() {
    execFileSync('git', ['init', '--quiet', this.#directory])
    for (const path of FILES)
      if (path.includes('/b/')) mkdirSync(join(this.#directory, path, '..'), { recursive: true })
  }

  ignored(rules: ReadonlyMap<string, string>, paths: readonly string[]): ReadonlySet<string> {
    for (const directory of ['', 'a', 'b']) rmSync(join(this.#directory, directory, '.gitignore'), { force: true })
    for (const [directory, text] of rules) writeFileSync(join(this.#directory, directory, '.gitignore'), text)
    const { stdout } = spawnSync('git', ['check-ignore', '--no-index', '--stdin', '-z'], {
      cwd: this.#directory,
      // With the slash, git would take a directory for something in it.
      input: paths.map((path) => path.replace(/\/$/, '')).join('\0'),
      encoding: 'utf8',
    })
    const found = new Set(stdout.split('\0'))
    return new Set(paths.filter((path) => found.has(path.replace(/\/$/, ''))))
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

let git: Git
before(() => {
  git = new Git()
})
after(() => git[Symbol.dispose]())

/** What Holt ignores of some paths; a directory is told by the `/` at its end. */
function ignored(rules: ReadonlyMap<string, string>, paths: readonly string[]): ReadonlySet<string> {
  const texts = [...rules].map(([directory, text]): [DirPath, string] => [
    directory === '' ? ROOT : parseRelPath(directory),
    text,
  ])
  const compiled = createIgnoreRules(new Map(texts))
  return new Set(paths.filter((path) => compiled.ignores(parseRelPath(path.replace(/\/$/, '')), path.endsWith('/'))))
}

/** Directories that exist in the repository, and files that need not. */
const PATHS = [...NAMES.map((name) => `${name}/`), ...NAMES.map((name) => `${name}/b/`), ...FILES].filter(
  (path) => !NAMES.some((name) => path === name) && !NAMES.some((name) => path === `${name}/b`),
)

describe('.holtignore', () => {
  for (const text of [
    '*.jpg',
    '/a',
    'a/',
    '!a\n',
    'b\n!b/a',
    '*\n!*/\n!*.txt',
    'a/**/c.jpg',
    '**/b',
    'a/*',
    '# *.jpg\n\\#x',
    '  \n\na/b/c.jpg',
    '[a-b]',
    '?.jpg',
    'c.jpg ',
    '*.jpg\n!/a/c.jpg',
    '/*/b',
    'b/',
    'a/b\n!a/b',
  ]) {
    it(`follows git in ${JSON.stringify(text)}`, () => {
      const rules = new Map([['', text]])
      assert.deepEqual(ignored(rules, PATHS), git.ignored(rules, PATHS))
    })
  }

  it('of a directory counts before those above it, and never brings back what lies in an ignored directory', () => {
    const rules = new Map([
      ['', 'b\n*.jpg'],
      ['a', '!c.jpg\n!b'],
      ['b', '!c.jpg'],
    ])
    const ours = ignored(rules, PATHS)
    assert.deepEqual(ours, git.ignored(rules, PATHS))
    assert.ok(!ours.has('a/c.jpg') && ours.has('b/c.jpg') && ours.has('d.txt/c.jpg'))
  })

  it('follows git whatever the patterns are', () => {
    const part = fc.constantFrom('a', 'b', '*', '**', '*.jpg', '?', 'c.*', '[ab]')
    const pattern = fc
      .tuple(
        fc.constantFrom('', '!', '/', '!/'),
        fc.array(part, { minLength: 1, maxLength: 3 }),
        fc.constantFrom('', '/'),
      )
      .map(([start, parts, end]) => `${start}${parts.join('/')}${end}`)
    const text = fc.array(pattern, { minLength: 1, maxLength: 4 }).map((lines) => lines.join('\n'))
    fc.assert(
      fc.property(text, fc.option(text), (top, below) => {
        const rules = new Map([['', top], ...(below === null ? [] : [['a', below] as const])])
        assert.deepEqual(ignored(rules, PATHS), git.ignored(rules, PATHS))
      }),
      { numRuns: scaled({ small: 60, full: 1500 }) },
    )
  })
})

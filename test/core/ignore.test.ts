/** Ignore files against git itself, which says what the rules are, down to the line that decides. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { createIgnoreRules, parseIgnoreFile } from '../../daemon/core/ignore.ts'
import type { IgnoreRules } from '../../daemon/core/ignore.ts'
import type { DirPath } from '../../protocol/path.ts'
import { ROOT, parseRelPath } from '../../protocol/path.ts'
import { scaled } from '../scale.ts'
import { GitRules } from './git-rules.ts'
import type { Ignored, RuleTree } from './git-rules.ts'

let git: GitRules
before(() => {
  git = new GitRules()
})
after(() => git[Symbol.dispose]())

function rulesOf(rules: ReadonlyMap<string, string>): IgnoreRules {
  return createIgnoreRules(
    new Map(
      [...rules].map(([directory, text]) => {
        const path: DirPath = directory === '' ? ROOT : parseRelPath(directory)
        return [path, [parseIgnoreFile(directory === '' ? '.holtignore' : `${directory}/.holtignore`, text)]]
      }),
    ),
  )
}

/** What Holt ignores, as git would put it. */
function ignored({ paths, rules }: RuleTree): Ignored {
  const compiled = rulesOf(rules)
  const found = new Map<string, string>()
  for (const each of paths) {
    const path = parseRelPath(each.replace(/\/$/, ''))
    const line = compiled.explain(path, each.endsWith('/'))
    assert.equal(compiled.ignores(path, each.endsWith('/')), line !== undefined)
    if (line !== undefined) found.set(path, `${line.file}:${line.line}:${line.pattern}`)
  }
  return found
}

function sameAsGit(...trees: readonly RuleTree[]): Ignored[] {
  const ours = trees.map(ignored)
  assert.deepEqual(ours, git.ignored(trees))
  return ours
}

/** With every directory above each path, which ends in `/`; what something lies in is no file. */
function withDirectories(paths: readonly string[]): string[] {
  const directories = new Set<string>()
  for (const path of paths) {
    const names = path.replace(/\/$/, '').split('/')
    for (let depth = 1; depth < names.length; depth += 1) directories.add(`${names.slice(0, depth).join('/')}/`)
    if (path.endsWith('/')) directories.add(path)
  }
  return [...directories, ...new Set(paths.filter((path) => !path.endsWith('/') && !directories.has(`${path}/`)))]
}

const NAMES = ['a', 'b', 'c.jpg', 'd.txt'] as const
const PATHS = withDirectories(
  NAMES.flatMap((top) => [...NAMES.map((name) => `${top}/${name}`), `${top}/b/a`, `${top}/b/c.jpg`]),
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
    '\ufeffc.jpg\r\nd.txt\r\n',
    'a**/b',
    '[[:alpha:]]\n[!a].jpg',
    '[a',
    '[[:none:]]*',
    'b \0x',
  ]) {
    it(`follows git in ${JSON.stringify(text)}`, () => {
      sameAsGit({ paths: PATHS, rules: new Map([['', text]]) })
    })
  }

  it('of a directory counts before those above it, and never brings back what lies in an ignored directory', () => {
    const rules = new Map([
      ['', 'b\n*.jpg'],
      ['a', '!c.jpg\n!b'],
      ['b', '!c.jpg'],
    ])
    const [ours] = sameAsGit({ paths: PATHS, rules })
    assert.ok(!ours?.has('a/c.jpg') && ours?.has('b/c.jpg') === true && ours.has('d.txt/c.jpg'))
  })

  it('says which line of which file ignores a path, or a directory above it', () => {
    const rules = rulesOf(
      new Map([
        ['', '# builds\n/out/\n'],
        ['a', '*.tmp  \n'],
      ]),
    )
    const explain = (path: string): unknown => rules.explain(parseRelPath(path), false)
    assert.deepEqual(explain('out/x/y'), { file: '.holtignore', line: 2, pattern: '/out/' })
    assert.deepEqual(explain('a/b/x.tmp'), { file: 'a/.holtignore', line: 1, pattern: '*.tmp' })
    assert.equal(explain('b/x.tmp'), undefined)
  })

  it('takes no longer for a pattern that is made to take long', () => {
    const hostile = [`${'*a'.repeat(60)}b`, `${'**/a/'.repeat(20)}b`, `${'/**/*a*'.repeat(12)}/b`].join('\n')
    const rules = rulesOf(new Map([['', hostile]]))
    assert.equal(rules.ignores(parseRelPath('a'.repeat(250)), false), false)
    assert.equal(rules.ignores(parseRelPath(Array(120).fill('a').join('/')), false), false)
  })

  it('follows git whatever the trees and the patterns are, down to the line that decides', () => {
    fc.assert(
      fc.property(fc.array(aTree, { minLength: 50, maxLength: 50 }), (trees) => {
        sameAsGit(...trees)
      }),
      { numRuns: scaled({ small: 6, full: 200 }) },
    )
  })
})

// ---- Trees and patterns of all sorts.

const aName = fc.constantFrom(
  ...[
    'a',
    'b',
    'A',
    'ab',
    'c.jpg',
    'x.tar.gz',
    'd e',
    'e ',
    ' f',
    '#g',
    '!h',
    'i-j',
    '[k]',
    'é',
    '日本',
    '1',
    '*',
    'a]',
    '.l',
    '~',
  ],
)
const somePaths = fc
  .array(
    fc.array(aName, { minLength: 1, maxLength: 4 }).map((names) => names.join('/')),
    { minLength: 1, maxLength: 8 },
  )
  .map(withDirectories)

const aPart = fc.oneof(
  { weight: 3, arbitrary: aName },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...[
        '*',
        '**',
        '?',
        '*.jpg',
        'a*',
        '*b*',
        '*.*',
        '??',
        '***',
        'a**',
        '**b',
        '*é',
        '?é',
        'a?',
        '.*',
        'x.*.gz',
        '',
        '.',
        '..',
      ],
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...['[a-c]', '[!a]', '[^a]', '[[:alpha:]]', '[![:alpha:]]', '[[:digit:][:upper:]]', '[]a]', '[!]a]', '[a-', '[a'],
      ...[
        '[[:bogus:]]',
        '[\\]a]',
        '[é]',
        '[a-c-e]',
        '[--0]',
        '[[:alpha]',
        '[[:]',
        '[[a]',
        '[a]*',
        '*[b]',
        '[A-z]',
        '[[:punct:]]*',
      ],
      ...['[[:space:]]*', '*[[:blank:]]', '[\\a-\\c]', '[/]', '[!/]', 'a[/]b', '[c-a]', '[[:xdigit:]]', '[.-]l'],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...['\\#g', '\\!h', '\\a', 'e\\ ', '\\*', '\\[k\\]', 'a\\', '\\\\', 'a\\b', '**\\']),
  },
)
const aLine = fc
  .tuple(
    fc.constantFrom('', '', '', '!', '!', '/', '!/', '#', '\\!', ' ', '**/', '!!'),
    fc.array(aPart, { minLength: 1, maxLength: 3 }),
    fc.constantFrom('', '', '', '', '/', '/', '/**', ' ', '  ', '\\ ', '\t', '\r', '/ ', '//', '\0x', '/*'),
  )
  .map(([start, parts, end]) => `${start}${parts.join('/')}${end}`)
const aText = fc
  .tuple(
    fc.constantFrom('', '', '', '\ufeff'),
    fc.array(aLine, { minLength: 1, maxLength: 5 }),
    fc.constantFrom('\n', '\n', '\r\n'),
    fc.boolean(),
  )
  .map(([mark, lines, newline, isEnded]) => `${mark}${lines.join(newline)}${isEnded ? newline : ''}`)

const aTree: fc.Arbitrary<RuleTree> = somePaths.chain((paths) => {
  const directories = paths.filter((path) => path.endsWith('/')).map((path) => path.slice(0, -1))
  const below = directories.map((directory) => fc.option(aText, { freq: 2 }).map((text) => [directory, text] as const))
  return fc.tuple(aText, ...below).map(([top, ...others]) => ({
    paths,
    rules: new Map([['', top], ...others.flatMap(([at, text]) => (text === null ? [] : [[at, text] as const]))]),
  }))
})

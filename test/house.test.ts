/** The house rules, held over every source file; and each rule catches a bad sample, so that none of them is asleep. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { pureRoomsNameNoWorld } from './house/global-rules.ts'
import { followsTheHouse, importsNameTheirFile, pureRoomsKnowNoNode, shipsWithoutTests } from './house/import-rules.ts'
import { parseModule, readModules } from './house/module.ts'
import type { Rule } from './house/module.ts'
import { comparePackages } from './house/package-rules.ts'
import type { Manifest } from './house/package-rules.ts'
import {
  exportsAreNamed,
  filesAreShort,
  functionsAreShort,
  namesAreKebab,
  namesSayWhat,
  noBarrels,
  startsWithAComment,
} from './house/shape-rules.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const modules = await readModules(ROOT, ['protocol', 'daemon', 'cli', 'test', 'bench', 'scripts'])
const lines = (count: number): string => 'x()\n'.repeat(count)

interface RuleCase {
  readonly fact: string
  readonly rule: Rule
  /** Path → text: each must be caught. */
  readonly bad: readonly (readonly [string, string])[]
  /** Each must pass. */
  readonly good: readonly (readonly [string, string])[]
  readonly isExempt?: (path: string) => boolean
}

const CASES: readonly RuleCase[] = [
  {
    fact: 'rooms import only whom the house lets them',
    rule: followsTheHouse,
    bad: [
      ['protocol/entry.ts', `import { plan } from '../daemon/core/plan.ts'`],
      ['protocol/entry.ts', `import type { Log } from '../daemon/ports.ts'`],
      ['daemon/core/plan.ts', `import { pull } from '../sync/pull.ts'`],
      ['daemon/core/plan.ts', `import { open } from '../disk/open.ts'`],
      ['daemon/sync/pull.ts', `import { openStore } from '../blobs/store.ts'`],
      ['daemon/sync/pull.ts', `import { blake3 } from '../blake3.ts'`],
      ['daemon/sync/pull.ts', `export { openStore } from '../blobs/store.ts'`],
      ['daemon/sync/pull.ts', `const store = await import('../blobs/store.ts')`],
      ['daemon/disk/tree.ts', `import { openStore } from '../blobs/store.ts'`],
      ['daemon/disk/tree.ts', `import type { Store } from '../blobs/store.ts'`],
      ['daemon/disk/tree.ts', `import { plan } from '../core/plan.ts'`],
      ['daemon/disk/tree.ts', `import { readConfig } from '../config.ts'`],
      ['daemon/http/routes.ts', `import { pull } from '../sync/pull.ts'`],
      ['daemon/http/routes.ts', `import type { Tree } from '../disk/tree.ts'`],
      ['daemon/config.ts', `import { plan } from './core/plan.ts'`],
      ['cli/main.ts', `import { startDaemon } from '../daemon/daemon.ts'`],
    ],
    good: [
      ['daemon/core/plan.ts', `import { parseEntry } from '../../protocol/entry.ts'`],
      ['daemon/sync/pull.ts', `import { plan } from '../core/plan.ts'\nimport type { Clock } from '../ports.ts'`],
      [
        'daemon/disk/tree.ts',
        `import type { FileTree } from '../ports.ts'\nimport { backoff } from '../core/backoff.ts'`,
      ],
      ['daemon/sync/pull.ts', `import { Bell } from '../bell.ts'`],
      ['daemon/catalogue/rows.ts', `import type { Catalogue } from '../catalogue-port.ts'`],
      ['daemon/http/routes.ts', `import type { Engine } from '../sync/engine.ts'`],
      ['daemon/daemon.ts', `import { openStore } from './blobs/store.ts'`],
      ['cli/main.ts', `import { parseStatus } from '../protocol/api.ts'`],
    ],
  },
  {
    fact: 'what ships imports no test code',
    rule: shipsWithoutTests,
    bad: [['daemon/daemon.ts', `import { scaled } from '../test/scale.ts'`]],
    good: [['test/a.test.ts', `import { scaled } from './scale.ts'`]],
  },
  {
    fact: 'protocol, core and sync import no node modules',
    rule: pureRoomsKnowNoNode,
    bad: [
      ['protocol/ids.ts', `import { createHash } from 'node:crypto'`],
      ['daemon/core/plan.ts', `import { join } from 'path'`],
      ['daemon/sync/pull.ts', `const fs = await import('node:fs')`],
    ],
    good: [
      ['protocol/ids.ts', `import { base58 } from '@scure/base'`],
      ['daemon/disk/tree.ts', `import { open } from 'node:fs/promises'`],
    ],
  },
  {
    fact: 'protocol, core and sync name no clock, chance, timer, process or console',
    rule: pureRoomsNameNoWorld,
    bad: [
      ['protocol/a.ts', 'const now = Date.now()'],
      ['protocol/a.ts', 'const now = new Date()'],
      ['protocol/a.ts', 'const now = Date()'],
      ['daemon/core/a.ts', 'const dice = Math.random()'],
      ['daemon/sync/a.ts', 'setTimeout(() => {}, 1)'],
      ['daemon/sync/a.ts', 'const timer = { start: setInterval }'],
      ['daemon/sync/a.ts', 'const later = setImmediate'],
      ['daemon/sync/a.ts', 'const signal = AbortSignal.timeout(5)'],
      ['daemon/sync/a.ts', 'if (process.platform) f()'],
      ['daemon/sync/a.ts', 'console.log(1)'],
      ['daemon/sync/a.ts', 'const t = performance.now()'],
      ['daemon/sync/a.ts', 'crypto.randomUUID()'],
      ['daemon/sync/a.ts', 'const world = { crypto }'],
      ['daemon/sync/a.ts', 'function f(crypto: C) {}\nfunction g() { return crypto.sign() }'],
    ],
    good: [
      ['protocol/a.ts', 'export function seal(crypto: Crypto) { return crypto.blake3(x) }'],
      ['protocol/a.ts', 'const { crypto } = ports\ncrypto.verify()'],
      ['protocol/a.ts', 'interface Ports { crypto: Crypto; process(): void }\nports.process()'],
      ['protocol/a.ts', 'const text = new Date(ms).toISOString()'],
      ['daemon/disk/a.ts', 'const now = Date.now()'],
    ],
  },
  {
    fact: 'relative imports name their file',
    rule: importsNameTheirFile,
    bad: [
      ['cli/main.ts', `import { a } from './a'`],
      ['cli/main.ts', `import { a } from './a.js'`],
    ],
    good: [['cli/main.ts', `import { a } from './a.ts'\nimport b from 'b'`]],
  },
  {
    fact: 'files have at most 400 lines',
    rule: filesAreShort,
    bad: [['cli/main.ts', lines(401)]],
    good: [['cli/main.ts', lines(400)]],
  },
  {
    fact: 'functions have at most 70 lines',
    rule: functionsAreShort,
    bad: [
      ['cli/main.ts', `function f() {\n${lines(69)}}`],
      ['cli/main.ts', `const f = () => {\n${lines(69)}}`],
      ['cli/main.ts', `class A {\n  f() {\n${lines(69)}}\n}`],
      ['test/a.test.ts', `it('a', () => {\n${lines(69)}})`],
    ],
    good: [
      ['cli/main.ts', `function f() {\n${lines(68)}}`],
      ['test/a.test.ts', `describe('a', () => {\n${`it('b', () => {\n${lines(40)}})\n`.repeat(3)}})`],
    ],
  },
  {
    fact: 'files and directories are named in kebab-case',
    rule: namesAreKebab,
    bad: [
      ['cli/mainFile.ts', ''],
      ['cli/main_file.ts', ''],
      ['cli/Commands/main.ts', ''],
    ],
    good: [
      ['cli/main-file.ts', ''],
      ['test/e2e/pair-by-code.test.ts', ''],
    ],
  },
  {
    fact: 'no file or directory is called utils, helpers, common or misc',
    rule: namesSayWhat,
    bad: [
      ['cli/utils.ts', ''],
      ['cli/helpers/print.ts', ''],
      ['test/peer-helper.ts', ''],
      ['daemon/common/a.ts', ''],
      ['protocol/misc.test.ts', ''],
    ],
    good: [['daemon/core/commoner.ts', '']],
  },
  {
    fact: 'exports are named',
    rule: exportsAreNamed,
    bad: [
      ['cli/main.ts', 'export default function f() {}'],
      ['cli/main.ts', 'const a = 1\nexport default a'],
      ['cli/main.ts', 'const a = 1\nexport { a as default }'],
    ],
    good: [['cli/main.ts', 'export function f() {}']],
    // `node --test` takes a reporter only as a default export.
    isExempt: (path) => path === 'scripts/results-reporter.ts',
  },
  {
    fact: 'there are no barrels',
    rule: noBarrels,
    bad: [
      ['cli/all.ts', `export * from './a.ts'\nexport const b = 1`],
      ['cli/all.ts', `export { a } from './a.ts'\nexport { b } from './b.ts'`],
      ['cli/all.ts', `import { a } from './a.ts'\nexport { a }`],
      ['cli/index.ts', 'export const a = 1'],
    ],
    good: [['cli/a.ts', `import { b } from './b.ts'\nexport const a = b`]],
  },
  {
    fact: 'every file says in a comment on top what lives in it',
    rule: startsWithAComment,
    bad: [['cli/main.ts', 'export const a = 1']],
    good: [['cli/main.ts', '/** The commands. */\n']],
  },
]

interface LockFile {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>
}

describe('the house', () => {
  for (const { fact, rule, isExempt } of CASES) {
    it(fact, () => {
      const found = modules.filter((module) => !(isExempt?.(module.path) ?? false)).flatMap(rule)
      assert.deepEqual(
        found.map(({ path, line, message }) => `${path}:${line} ${message}`),
        [],
      )
    })
  }

  it('is read in whole', () => {
    for (const path of ['protocol/ids.ts', 'daemon/ports.ts', 'test/house.test.ts', 'scripts/test.ts']) {
      assert.ok(
        modules.some((module) => module.path === path),
        `${path} was not read`,
      )
    }
  })
})

describe('package.json', () => {
  it('names exactly the packages that are imported, each at one version', async () => {
    const manifest = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as Manifest
    assert.deepEqual(comparePackages(modules, manifest), [])
  })

  it('has a lock file that knows the binaries of every platform, also of those it was not made on', async () => {
    const { packages } = JSON.parse(
      await readFile(new URL('../package-lock.json', import.meta.url), 'utf8'),
    ) as LockFile
    const wanted = Object.values(packages).flatMap(({ optionalDependencies }) =>
      Object.keys(optionalDependencies ?? {}),
    )
    assert.deepEqual(
      wanted.filter((name) => !Object.keys(packages).some((path) => path.endsWith(`node_modules/${name}`))),
      [],
    )
  })

  it('is told of a package that is missing, unused, only for development, or not pinned', () => {
    const uses = parseModule(
      'cli/a.ts',
      `import a from 'a/sub'\nimport type { D } from '@d/d'\nimport { open } from 'node:fs'`,
    )
    const faults = (dependencies: Record<string, string>, devDependencies: Record<string, string>): string[] =>
      comparePackages([uses], { dependencies, devDependencies })
    assert.deepEqual(faults({ a: '1.0.0' }, { '@types/d__d': '1.0.0' }), [])
    assert.match(faults({}, { a: '1.0.0', '@d/d': '1.0.0' }).join(), /^cli\/a\.ts:1 imports a,/)
    assert.match(faults({ a: '1.0.0' }, {}).join(), /^cli\/a\.ts:2 imports @d\/d,/)
    assert.match(faults({ a: '1.0.0', b: '1.0.0' }, { '@d/d': '1.0.0' }).join(), /^nothing that ships imports b$/)
    assert.match(faults({ a: '^1.0.0' }, { '@d/d': '1.0.0' }).join(), /^a is not pinned/)
  })
})

describe('a house rule', () => {
  for (const { fact, rule, bad, good } of CASES) {
    it(`is awake: ${fact}`, () => {
      for (const [path, text] of bad)
        assert.notDeepEqual(rule(parseModule(path, text)), [], `not caught: ${path}: ${text}`)
      for (const [path, text] of good) assert.deepEqual(rule(parseModule(path, text)), [])
    })
  }
})

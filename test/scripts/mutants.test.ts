/** `npm run mutants`, on a repository of one function: it tells a mutant that is noticed from every kind that proves nothing. */

import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const SUM = 'export function sum(a: number, b: number): number {\n  return a + b\n}\n'
const SUM_TEST = `import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sum } from '../sum.ts'
describe('sum', () => {
  it('adds (always)', () => assert.equal(sum(2, 3), 5))
  it('is not looked at', () => assert.ok(true))
  it('is red anyway', () => assert.ok(false))
  it('is skipped', { skip: 'why not' }, () => assert.fail())
})
`

/** A patch of the one line that does anything. */
function mutant(test: string, from = 'return a + b', to = 'return a - b'): string {
  const hunk = `@@ -1,3 +1,3 @@\n export function sum(a: number, b: number): number {\n-  ${from}\n+  ${to}\n }\n`
  return `# file: test/sum.test.ts\n# test: ${test}\n--- a/sum.ts\n+++ b/sum.ts\n${hunk}`
}

const MUTANTS: Readonly<Record<string, string>> = {
  '1-noticed': mutant('sum › adds (always)'),
  '2-survives': mutant('is not looked at'),
  '3-red-anyway': mutant('is red anyway'),
  '4-skipped': mutant('is skipped'),
  '5-absent': mutant('is nowhere'),
  '6-stale': mutant('adds (always)', 'return b + a'),
  '7-nameless': mutant('x').replace(/^# test.*\n/m, ''),
  '8-noticed-after-the-others': mutant('adds (always)', 'return a + b', 'throw new Error()'),
}

describe('npm run mutants', () => {
  let repository = ''
  before(async () => {
    repository = await plant()
  })
  after(() => rm(repository, { recursive: true }))

  it('passes when every mutant is noticed', async () => {
    const { status, output } = await mutants(['1-noticed'])
    assert.equal(status, 0, output)
    assert.match(output, /1 of 1 mutants noticed/)
  })

  it('fails for a mutant that survives, is skipped, absent, stale or nameless, and for a test that is red anyway', async () => {
    const { status, output } = await mutants([])
    assert.equal(status, 1)
    const lines = output.split('\n')
    const expected = [
      /noticed {2}1-noticed/,
      /MISSED .*2-survives .* is passed/,
      /MISSED .*3-red-anyway .*without the mutant .* is failed/,
      /MISSED .*4-skipped .*without the mutant .* is skipped/,
      /MISSED .*5-absent .*without the mutant .* is absent/,
      /MISSED .*6-stale .*does not apply/,
      /MISSED .*7-nameless .*# test/,
      /noticed {2}8-noticed/,
      /2 of 8 mutants noticed/,
    ]
    for (const [index, pattern] of expected.entries()) assert.match(lines[index] ?? '', pattern)
  })

  const mutants = (names: readonly string[]): Promise<{ status: number; output: string }> =>
    new Promise((resolve) => {
      const args = [join(repository, 'scripts', 'mutants.ts'), ...names]
      execFile(process.execPath, args, { cwd: repository }, (error, stdout, stderr) => {
        resolve({ status: error === null ? 0 : Number(error.code), output: stdout + stderr })
      })
    })
})

async function plant(): Promise<string> {
  const repository = await mkdtemp(join(tmpdir(), 'holt-mutants-test-'))
  await cp(join(ROOT, 'scripts'), join(repository, 'scripts'), { recursive: true })
  await mkdir(join(repository, 'node_modules'))
  await symlink(join(ROOT, 'package.json'), join(repository, 'package.json'))
  const files = Object.entries(MUTANTS).map(([name, patch]) => [`test/mutants/${name}.patch`, patch] as const)
  for (const [path, content] of [['sum.ts', SUM] as const, ['test/sum.test.ts', SUM_TEST] as const, ...files]) {
    await mkdir(dirname(join(repository, path)), { recursive: true })
    await writeFile(join(repository, path), content)
  }
  execFileSync('git', ['init', '-q'], { cwd: repository })
  execFileSync('git', ['add', 'sum.ts', 'test', 'scripts'], { cwd: repository })
  return repository
}

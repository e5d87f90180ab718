/** A mutant: a patch that breaks one line of Holt, and the test that must notice. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { isNamed, parseResults } from './test-results.ts'

/** A mutant that makes its test hang is noticed, too; then the test counts as red. */
const TEST_TIMEOUT_MS = 60_000

export interface Mutant {
  /** The file's name without `.patch`. */
  readonly name: string
  /** Absolute. */
  readonly patchFile: string
  /** Relative to the repository. */
  readonly testFile: string
  /** The test's name, or the end of its path, as in `docs/PROMISES.md`. */
  readonly test: string
}

/** What became of the named test. */
export type Outcome = 'passed' | 'failed' | 'skipped' | 'absent' | 'timed out'

/** @throws Error when the header names no test */
export async function readMutant(patchFile: string, name: string): Promise<Mutant> {
  const patch = await readFile(patchFile, 'utf8')
  const header = patch.split(/^(?:diff|---) /m)[0] ?? ''
  const field = (key: string): string => {
    const found = new RegExp(`^# ${key}: (.+)$`, 'm').exec(header)?.[1]?.trim()
    if (found === undefined) throw new Error(`${name}.patch has no line "# ${key}: …" on top`)
    return found
  }
  return { name, patchFile, testFile: field('file'), test: field('test') }
}

/** A copy of the working tree as it is now, without what git ignores, and with `node_modules` linked. */
export interface Scratch extends AsyncDisposable {
  readonly directory: string
}

export async function makeScratch(root: string): Promise<Scratch> {
  const directory = await mkdtemp(join(tmpdir(), 'holt-mutants-'))
  const listed = await run(root, 'git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'])
  for (const path of listed.output.split('\0').filter((one) => existsSync(join(root, one)) && one !== '')) {
    await mkdir(dirname(join(directory, path)), { recursive: true })
    await copyFile(join(root, path), join(directory, path))
  }
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'))
  return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) }
}

/** `reverse` takes the patch out again. @throws Error with git's words when it does not apply */
export async function applyPatch(scratch: Scratch, mutant: Mutant, reverse = false): Promise<void> {
  const args = ['apply', '-C1', '--whitespace=nowarn', ...(reverse ? ['--reverse'] : []), mutant.patchFile]
  const { status, output } = await run(scratch.directory, 'git', args)
  if (status !== 0) throw new Error(`does not apply: ${output.trim().split('\n')[0] ?? ''}`)
}

/** Runs the named test alone. */
export async function runTest(
  scratch: Scratch,
  { testFile, test }: Pick<Mutant, 'testFile' | 'test'>,
): Promise<Outcome> {
  const resultsFile = join(scratch.directory, 'results.jsonl')
  await rm(resultsFile, { force: true })
  const leaf = test.split(' › ').at(-1) ?? test
  const reporter = ['--test-reporter=./scripts/results-reporter.ts', `--test-reporter-destination=${resultsFile}`]
  const pattern = `--test-name-pattern=${leaf.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}`
  // The file itself and no runner around it: one process less, and what a failed test leaves open does not hold it up.
  const args = ['--test-force-exit', `--test-timeout=${TEST_TIMEOUT_MS}`, ...reporter, pattern, testFile]
  const { isTimedOut } = await run(scratch.directory, process.execPath, args, TEST_TIMEOUT_MS + 10_000)
  if (isTimedOut) return 'timed out'
  // Without the file, the runner did not find the test file, or could not load what it stands on.
  const text = await readFile(resultsFile, 'utf8').catch(() => '{"kind":"end","tests":0}')
  const results = parseResults(text, resultsFile).filter((one) => isNamed(one, test))
  if (results.length === 0) return 'absent'
  return results.find((one) => one.status !== 'passed')?.status ?? 'passed'
}

interface Ran {
  readonly status: number | null
  /** Of both streams. */
  readonly output: string
  readonly isTimedOut: boolean
}

async function run(cwd: string, command: string, args: readonly string[], timeoutMs = 60_000): Promise<Ran> {
  // A test runner inside a test runner reports to the outer one, unless the outer one's mark is taken away.
  const env = {
    ...process.env,
    NODE_TEST_CONTEXT: undefined,
    HOLT_TEST_SCALE: 'small',
    HOLT_TEST_SLOW: '1',
    NODE_COMPILE_CACHE: join(cwd, '.tmp/compile-cache'),
    GIT_CEILING_DIRECTORIES: tmpdir(),
  }
  // A group of its own, so that what the test has started dies with it.
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let isTimedOut = false
  const timer = setTimeout(() => {
    isTimedOut = true
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }, timeoutMs)
  const [output, errors] = await Promise.all([readText(child.stdout), readText(child.stderr), once(child, 'close')])
  clearTimeout(timer)
  return { status: child.exitCode, output: output + errors, isTimedOut }
}

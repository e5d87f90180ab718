/** Git itself, which says what a pattern means: many small trees in one repository, asked all at once. */

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeTemporaryDirectory } from '../temporary.ts'

/** In memory where there is such a place: thousands of small trees are made and removed. */
const BASE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** Directories that end in `/`, files, and the text of the ignore file of some directories; the root is the empty text. */
export interface RuleTree {
  readonly paths: readonly string[]
  readonly rules: ReadonlyMap<string, string>
}

/** Of each path that is ignored: the file, the line and the pattern by which it is. */
export type Ignored = ReadonlyMap<string, string>

export class GitRules implements Disposable {
  readonly #directory = makeTemporaryDirectory('ignore', BASE)

  constructor() {
    execFileSync('git', ['init', '--quiet', this.#directory])
    rmSync(join(this.#directory, '.git/info/exclude'), { force: true })
  }

  /** What git ignores in each tree, and why. */
  ignored(trees: readonly RuleTree[]): Ignored[] {
    trees.forEach((tree, i) => this.#make(String(i), tree))
    const asked = trees.flatMap(({ paths }, i) => paths.map((path) => `${i}/${path.replace(/\/$/, '')}`))
    const said = spawnSync(
      'git',
      ['-c', 'core.excludesFile=', 'check-ignore', '--no-index', '--stdin', '-z', '-v', '-n'],
      {
        cwd: this.#directory,
        input: asked.join('\0'),
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
      },
    )
    if (said.status !== 0 && said.status !== 1) throw new Error(`git: ${said.stderr}`)
    const fields = said.stdout.split('\0')
    const found = trees.map(() => new Map<string, string>())
    for (let at = 0; at + 3 < fields.length; at += 4) {
      const [source = '', line = '', pattern = '', path = ''] = fields.slice(at, at + 4)
      const no = path.slice(0, path.indexOf('/'))
      if (source === '' || pattern.startsWith('!')) continue
      const file = source.slice(no.length + 1).replace(/\.gitignore$/, '.holtignore')
      found[Number(no)]?.set(path.slice(no.length + 1), `${file}:${line}:${pattern}`)
    }
    for (const i of trees.keys()) rmSync(join(this.#directory, String(i)), { recursive: true, force: true })
    return found
  }

  #make(name: string, { paths, rules }: RuleTree): void {
    const root = join(this.#directory, name)
    mkdirSync(root)
    for (const path of paths) if (path.endsWith('/')) mkdirSync(join(root, path), { recursive: true })
    for (const [directory, text] of rules) {
      mkdirSync(join(root, directory), { recursive: true })
      writeFileSync(join(root, directory, '.gitignore'), text)
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

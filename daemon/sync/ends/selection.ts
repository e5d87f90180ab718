/** Which paths of a pair are synced: what the ignore files of both sides and the patterns of the run say. */

import type { DirPath, RelPath } from '../../../protocol/path.ts'
import { ROOT, childOf } from '../../../protocol/path.ts'
import type { IgnoreFile, IgnoreRules } from '../../core/ignore.ts'
import { IGNORE_FILES, IGNORE_FILE_BYTES_MAX, createIgnoreRules, parseIgnoreFile } from '../../core/ignore.ts'
import type { End, Side } from '../../pair-port.ts'
import type { DirectoryListing } from '../../ports.ts'

export interface Patterns {
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  /** The text of one more ignore file, which those of the sides overrule. */
  readonly ignore: string
}

/**
 * What either side ignores is ignored on both: what one side shall not give away, the other shall not delete. Grows as directories
 * are listed, parents first.
 */
export class Selection {
  readonly #files: Readonly<Record<Side, Map<DirPath, readonly IgnoreFile[]>>> = {
    source: new Map(),
    destination: new Map(),
  }
  readonly #extra: string
  #rules: readonly IgnoreRules[]
  readonly #include: IgnoreRules | undefined
  readonly #exclude: IgnoreRules

  constructor({ include, exclude, ignore }: Patterns) {
    this.#extra = ignore
    this.#include = include.length === 0 ? undefined : rulesOf('--include', include)
    this.#exclude = rulesOf('--exclude', exclude)
    this.#rules = this.#compile()
  }

  /** Takes in the ignore files of directories that were just listed. */
  async learn(side: Side, end: Pick<End, 'readSmall'>, listings: readonly DirectoryListing[]): Promise<void> {
    let isNew = false
    for (const { directory, entries } of listings) {
      const names = IGNORE_FILES.filter((name) =>
        entries.some((entry) => entry.kind === 'file' && entry.path === childOf(directory, name)),
      )
      if (names.length === 0) continue
      const files: IgnoreFile[] = []
      for (const name of names) {
        const path = childOf(directory, name)
        files.push(parseIgnoreFile(path, (await end.readSmall(path, IGNORE_FILE_BYTES_MAX)) ?? ''))
      }
      this.#files[side].set(directory, files)
      isNew = true
    }
    if (isNew) this.#rules = this.#compile()
  }

  /** Whether nothing of the path, nor of what is below it, is looked at. */
  isIgnored(path: RelPath, isDirectory: boolean): boolean {
    if (this.#exclude.ignores(path, isDirectory)) return true
    return this.#rules.some((rules) => rules.ignores(path, isDirectory))
  }

  /** Whether the patterns of the run ask for the path; a directory that is not asked for may contain what is. */
  isIncluded(path: RelPath, isDirectory: boolean): boolean {
    return this.#include === undefined || this.#include.ignores(path, isDirectory)
  }

  get hasIncludes(): boolean {
    return this.#include !== undefined
  }

  #compile(): readonly IgnoreRules[] {
    const { source, destination } = this.#files
    const own = [createIgnoreRules(source), createIgnoreRules(destination)]
    if (this.#extra === '') return own
    // What the extra file ignores, the files of either side may take back.
    const all = new Map<DirPath, readonly IgnoreFile[]>([[ROOT, [parseIgnoreFile('--ignore-file', this.#extra)]]])
    for (const [directory, files] of [...source, ...destination])
      all.set(directory, [...(all.get(directory) ?? []), ...files])
    return [...own, createIgnoreRules(all)]
  }
}

function rulesOf(flag: string, patterns: readonly string[]): IgnoreRules {
  return createIgnoreRules(new Map(patterns.length === 0 ? [] : [[ROOT, [parseIgnoreFile(flag, patterns.join('\n'))]]]))
}

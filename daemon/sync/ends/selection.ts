/** Which paths of a pair are synced: what the ignore files of both sides and the patterns of the run say. */

import type { DirPath, RelPath } from '../../../protocol/path.ts'
import { ROOT, childOf } from '../../../protocol/path.ts'
import type { IgnoreRules } from '../../core/ignore.ts'
import { IGNORE_FILES, IGNORE_FILE_BYTES_MAX, createIgnoreRules } from '../../core/ignore.ts'
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
  readonly #texts: Readonly<Record<Side, Map<DirPath, string>>> = { source: new Map(), destination: new Map() }
  readonly #extra: string
  #rules: readonly IgnoreRules[]
  readonly #include: IgnoreRules | undefined
  readonly #exclude: IgnoreRules

  constructor({ include, exclude, ignore }: Patterns) {
    this.#extra = ignore
    this.#include = include.length === 0 ? undefined : createIgnoreRules(new Map([[ROOT, include.join('\n')]]))
    this.#exclude = createIgnoreRules(new Map(exclude.length === 0 ? [] : [[ROOT, exclude.join('\n')]]))
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
      const texts: string[] = []
      for (const name of names) texts.push((await end.readSmall(childOf(directory, name), IGNORE_FILE_BYTES_MAX)) ?? '')
      this.#texts[side].set(directory, texts.join('\n'))
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
    const { source, destination } = this.#texts
    const own = [createIgnoreRules(source), createIgnoreRules(destination)]
    if (this.#extra === '') return own
    // What the extra file ignores, the files of either side may take back.
    const all = new Map<DirPath, string>([[ROOT, this.#extra]])
    for (const [directory, text] of [...source, ...destination]) {
      const before = all.get(directory)
      all.set(directory, before === undefined ? text : `${before}\n${text}`)
    }
    return [...own, createIgnoreRules(all)]
  }
}

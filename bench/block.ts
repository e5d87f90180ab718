/** A part of the benchmark that runs as one: what it needs is set up once for all of its rows. */

import type { Program } from './contenders/contender.ts'
import type { Row, Value } from './row.ts'
import type { SetName } from './sets/data-set.ts'

export interface Block {
  readonly name: string
  readonly set: SetName | undefined
  readonly rows: readonly Row[]
  readonly programs: readonly Program[]
  /** Not in a quick look, unless one of its rows is asked for by name. */
  readonly isLong?: boolean
  run(o: BlockRun): Promise<readonly Value[]>
}

export interface BlockRun {
  readonly program: Program
  /** Of its own, empty, and deleted afterwards. */
  readonly directory: string
  readonly seed: number
  readonly isQuick: boolean
  isWanted(row: Row): boolean
}

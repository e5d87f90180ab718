/** One row of the table of attacks. */

import type { Stage } from './stage.ts'

export interface Attack {
  /** As `security.md` of the design names it. */
  readonly threat: string
  readonly name: string
  /** Makes it, and fails where it is not answered as it should be. @returns how many tries that were. */
  readonly run: (stage: Stage) => Promise<number>
  /** Made in small runs, too. */
  readonly isSmall?: boolean
}

/** How much a test does: small counts for every run, full counts before a release. */

import type { TestContext, TestOptions } from 'node:test'
import { it } from 'node:test'

export type Scale = 'small' | 'full'

/** From `HOLT_TEST_SCALE`; `npm run test:full` sets it. */
export const SCALE: Scale = parseScale(process.env['HOLT_TEST_SCALE'])

/** Chooses by the scale of this run: `scaled({ small: 100, full: 10_000 })`. */
export function scaled<T>(choice: { readonly small: T; readonly full: T }): T {
  return choice[SCALE]
}

/** @throws Error for a value that is neither, so that a typing mistake does not run the small tests in silence. */
export function parseScale(text: string | undefined): Scale {
  if (text === undefined || text === '' || text === 'small') return 'small'
  if (text === 'full') return 'full'
  throw new Error(`HOLT_TEST_SCALE is "${text}"; it is small or full`)
}

/**
 * The `it` of what takes long and is shown more quickly elsewhere: it runs before a release, and not each time. Also where
 * `HOLT_TEST_SLOW` is set: for whoever looks at one of them.
 */
export const itInFull: InFull = SCALE === 'full' || Boolean(process.env['HOLT_TEST_SLOW']) ? it : () => undefined

interface InFull {
  (name: string, body: Body): unknown
  (name: string, o: TestOptions, body: Body): unknown
}
type Body = (t: TestContext) => Promise<void>

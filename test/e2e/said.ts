/** What a person must read when something is refused. */

import assert from 'node:assert/strict'
import type { ExitStatus } from '../../protocol/api/constants.ts'
import type { Said } from './device.ts'

/** The exit status, the stable code, and the words that matter; no trace of the program. */
export function assertSaid(said: Said, status: ExitStatus, code: string, ...words: readonly RegExp[]): void {
  const { stdout, stderr } = said
  assert.equal(said.status, status, stderr + stdout)
  assert.ok(stderr.includes(`[${code}]`), stderr)
  for (const word of words) assert.match(stderr, word)
  assert.doesNotMatch(stderr, /\bat .*:\d+:\d+/, 'nobody wants to read where in the program it was')
}

/** What the command line borrows from the process that it runs in, so that a test can lend it something else. */

import type { Readable, Writable } from 'node:stream'

export type Input = Readable & { readonly isTTY?: boolean }
export type Screen = Writable & { readonly isTTY?: boolean; readonly columns?: number }

export interface World {
  /** Without the interpreter and the program. */
  readonly words: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  /** As `process.platform` says it. */
  readonly platform: string
  readonly workingDirectory: string
  /** Of the person. */
  readonly homeDirectory: string
  readonly temporaryDirectory: string
  readonly stdin: Input
  readonly stdout: Screen
  readonly stderr: Screen
  /** Aborts when a person presses Ctrl-C, or when nobody reads the output any more. */
  readonly interrupted: AbortSignal
  /** Absolute paths of the interpreter and of the program that it runs as the daemon. */
  readonly daemonProgram: readonly [interpreter: string, entry: string]
  /** How long a pairing is lonely before it says what may be wrong, in milliseconds. */
  readonly hintAfterMs: number
  nowMs(): number
}

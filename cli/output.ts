/** Where a command's words go: results to stdout, everything else to stderr. Colours only where a terminal shows them. */

import picocolors from 'picocolors'
import type { Painter, Text } from './text.ts'
import { render } from './text.ts'
import type { Screen, World } from './world.ts'

export interface Output {
  /** A line of the result, on stdout. */
  line(text: Text): void
  /** What a person should know while it runs, or afterwards: on stderr. */
  note(text: Text): void
  /** A result for programs, on one line of stdout. */
  json(value: unknown): void
  /** As it is, on stdout: for what was made here and needs no cleaning, such as a script. */
  raw(text: string | Uint8Array): void
  /** Whether a person watches stderr, so that what is there may be drawn over. */
  readonly isWatched: boolean
}

export function createOutput({
  stdout,
  stderr,
  environment,
}: Pick<World, 'stdout' | 'stderr' | 'environment'>): Output {
  const paintOut = painterFor(stdout, environment)
  const paintErr = painterFor(stderr, environment)
  return {
    line: (text) => void stdout.write(`${render(text, paintOut)}\n`),
    note: (text) => void stderr.write(`${render(text, paintErr)}\n`),
    json: (value) => void stdout.write(`${encodeJson(value)}\n`),
    raw: (text) => void stdout.write(text),
    isWatched: stderr.isTTY === true && environment['TERM'] !== 'dumb',
  }
}

/** https://no-color.org: any value but an empty one. */
function painterFor(screen: Screen, environment: World['environment']): Painter | undefined {
  const isRefused = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb'
  return screen.isTTY === true && !isRefused ? picocolors.createColors(true) : undefined
}

/** What JSON lets through and a terminal would obey or hide; written as escapes, it is the same value. */
const UNSAFE = /[\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g

function encodeJson(value: unknown): string {
  const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(value).replaceAll(UNSAFE, escape)
}

/**
 * The terminal session of `README.md`, as a test replays it: the block that is fenced as `console session`. A line
 * `NAME$ COMMAND` is typed on a device; the lines below it, up to the next empty line or prompt, are output that matters.
 */

import { readFile } from 'node:fs/promises'

/** The pairing code of the page; the one that is really shown takes its place. */
export const SHOWN_CODE = '7-soldier-wet-jelly'
/** The home of the person of the page. */
export const SHOWN_HOME = '/home/ada'

export interface Typed {
  readonly device: string
  readonly command: string
  /** In order; others may come between. */
  readonly output: readonly string[]
}

const FENCE = /^```console session\n([\s\S]*?)^```$/m
const PROMPT = /^(\w+)\$ (.+)$/

/** @throws Error when the page has no session */
export async function readSession(page: URL): Promise<Typed[]> {
  const block = FENCE.exec(await readFile(page, 'utf8'))?.[1]
  if (block === undefined) throw new Error(`${page.pathname} has no block that is fenced as "console session"`)
  const session: { device: string; command: string; output: string[] }[] = []
  for (const line of block.split('\n')) {
    const [, device, command] = PROMPT.exec(line) ?? []
    if (device !== undefined && command !== undefined) session.push({ device, command, output: [] })
    else if (line.trim() !== '') session.at(-1)?.output.push(line)
  }
  return session
}

/** What differs from run to run, as parts of a line: the code, the home, the id of a kept version, durations, numbers, gaps. */
const OWN_PARTS = /(7-soldier-wet-jelly|\/home\/ada|\d{8}-\d{6}-[\da-f]{6}|\d+ (?:ms|s|min)\b|\d+|\s+)/

/** What a line of the page stands for on this machine. */
export function patternOf(line: string, own: { readonly code: string; readonly home: string }): RegExp {
  const parts = line.trim().split(OWN_PARTS)
  const source = parts.map((part) => {
    if (part === SHOWN_CODE) return escape(own.code)
    if (part === SHOWN_HOME) return escape(own.home)
    if (/^\d{8}-\d{6}-/.test(part)) return '\\d{8}-\\d{6}-[\\da-f]{6}'
    if (/^\d+ [a-z]+$/.test(part)) return '\\d+ (?:ms|s|min)'
    if (/^\d+$/.test(part)) return '\\d+'
    return /^\s+$/.test(part) ? '\\s+' : escape(part)
  })
  return new RegExp(`^\\s*${source.join('')}\\s*$`)
}

/** The first line that is missing, or comes too early; undefined when all are there in their order. */
export function missingLine(expected: readonly RegExp[], output: string): RegExp | undefined {
  let next = 0
  for (const line of output.split('\n')) if (expected[next]?.test(line) === true) next += 1
  return expected[next]
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}

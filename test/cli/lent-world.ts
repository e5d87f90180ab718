/** The command line inside of the test, on streams that the test holds: for questions, and where a process would say no more. */

import { tmpdir } from 'node:os'
import { PassThrough } from 'node:stream'
import { runCli } from '../../cli/run.ts'
import type { World } from '../../cli/world.ts'
import { DEADLINE_MS, assertDeclared } from './fake-home.ts'

/** A home, and what its daemon was asked for, where that is known. */
export interface Place {
  readonly path: string
  readonly asked?: readonly string[]
}

export interface Ended {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface Inside {
  /** Ends it as Ctrl-C does. */
  interrupt(): void
  /** Types on the keyboard. */
  type(text: string): void
  /** Ends what is typed, as Ctrl-D does. */
  close(): void
  /** Resolves when that was written, with what it matched. */
  sees(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray>
  readonly ended: Promise<Ended>
}

export function runInside(
  home: Place,
  words: readonly string[],
  over: Partial<World> & { isTty?: boolean } = {},
): Inside {
  const { isTty = false, ...rest } = over
  const [stdin, stdout, stderr] = [createInput(isTty), createScreen(isTty), createScreen(isTty)]
  const interrupt = new AbortController()
  const timer = setTimeout(() => {
    interrupt.abort(new Error('it hangs'))
  }, DEADLINE_MS)
  const before = home.asked?.length ?? 0
  const status = runCli({
    words,
    environment: { HOLT_HOME: home.path },
    platform: process.platform,
    workingDirectory: home.path,
    homeDirectory: home.path,
    temporaryDirectory: tmpdir(),
    ...{ stdin, stdout: stdout.screen, stderr: stderr.screen },
    interrupted: interrupt.signal,
    daemonProgram: [process.execPath, '/none'],
    hintAfterMs: DEADLINE_MS,
    nowMs: Date.now,
    ...rest,
  })
  return {
    interrupt: () => {
      interrupt.abort(new Error('Ctrl-C'))
    },
    type: (text) => void stdin.write(text),
    close: () => void stdin.end(),
    sees: (stream, pattern) => waitFor(stream === 'stdout' ? stdout : stderr, pattern),
    ended: status.then((code) => {
      clearTimeout(timer)
      assertDeclared(words, home.asked?.slice(before) ?? [])
      return { status: code, stdout: stdout.text(), stderr: stderr.text() }
    }),
  }
}

/** To its end, without anybody to ask. */
export async function say(home: Place, words: readonly string[], over: Partial<World> = {}): Promise<Ended> {
  return await runInside(home, words, over).ended
}

function createInput(isTTY: boolean) {
  const input = Object.assign(new PassThrough(), { isTTY, setRawMode: () => input })
  return input
}

interface Recorded {
  readonly screen: PassThrough & { isTTY: boolean; columns: number }
  readonly text: () => string
}

function createScreen(isTTY: boolean): Recorded {
  const screen = Object.assign(new PassThrough(), { isTTY, columns: 100, rows: 40 })
  let written = ''
  screen.on('data', (piece: Buffer) => (written += piece.toString()))
  return { screen, text: () => written }
}

async function waitFor({ screen, text }: Recorded, pattern: RegExp): Promise<RegExpExecArray> {
  const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>()
  const look = (): void => {
    const found = pattern.exec(text())
    if (found !== null) resolve(found)
  }
  const timer = setTimeout(() => {
    reject(new Error(`${String(pattern)} was not written; this was: ${text()}`))
  }, DEADLINE_MS)
  screen.on('data', look)
  look()
  return promise.finally(() => {
    clearTimeout(timer)
    screen.off('data', look)
  })
}

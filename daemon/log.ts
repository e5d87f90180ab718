/**
 * The log: one JSON object a line in `<home>/log/holt.log`, turned over by size. Whoever logs never waits and never fails:
 * lines go through a bounded queue, and what does not fit is counted and said.
 */

import { appendFile, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { hasErrno } from './errno.ts'
import { createFollowers } from './log-followers.ts'
import type { AbortOptions, Log, LogValue } from './ports.ts'

export const LOG_FILE = 'holt.log'
/** Lines that wait for the disk: some seconds of a busy daemon. */
const QUEUE_LINES_MAX = 4096
/** Lines kept in memory for a crash report. */
const RECENT_LINES_MAX = 100
/** A field longer than this is cut: a log line is no place for a document. */
const FIELD_CHARACTERS_MAX = 2000
/** Events of this prefix are written at level `debug` only. */
const DEBUG_PREFIX = 'debug.'
/** How much of the newest file a look at the end reads. */
const TAIL_BYTES_MAX = 1024 * 1024

export interface LogOptions {
  readonly directory: string
  readonly fileBytesMax: number
  /** The current one included. */
  readonly filesMax: number
  readonly level: 'normal' | 'debug'
  readonly wallMs: () => number
}

/** Disposing it writes what is queued. */
export interface FileLog extends Log, AsyncDisposable {
  /** The latest lines, oldest first, from memory: for a crash report, where nothing can be awaited. */
  recent(): readonly string[]
  /** Resolves when everything logged so far was handed to the operating system, or could not be. */
  flush(): Promise<void>
  /** The last lines of the files, oldest first, as JSON texts. */
  tail(linesMax: number): Promise<string[]>
  /** Lines from now on. A reader that is too slow misses lines, and gets a `log.skipped` line that counts them. */
  follow(o: AbortOptions): AsyncIterable<string>
}

export function openLog(options: LogOptions): FileLog {
  const file = join(options.directory, LOG_FILE)
  const recent: string[] = []
  const followers = createFollowers()
  let queue: string[] = []
  let lost = 0
  let writing: Promise<void> | undefined

  const enqueue = (line: string): void => {
    recent.push(line)
    if (recent.length > RECENT_LINES_MAX) recent.shift()
    followers.push(line)
    if (queue.length >= QUEUE_LINES_MAX) lost += 1
    else queue.push(line)
    writing ??= drain()
  }

  const drain = async (): Promise<void> => {
    while (queue.length > 0) {
      const lines = queue
      const lostBefore = lost
      queue = []
      lost = 0
      const notice = lostBefore > 0 ? [formatLine(options.wallMs(), 'log.lost', { lines: lostBefore })] : []
      // A full disk must not stop the daemon: these lines are lost, and the next ones try again.
      if (!(await append(file, [...lines, ...notice], options))) lost += lines.length + lostBefore
    }
    // In the same turn as the look at the queue, so that no line falls between.
    writing = undefined
  }

  const flush = async (): Promise<void> => {
    await writing
  }

  return {
    event: (name, fields) => {
      if (name.startsWith(DEBUG_PREFIX) && options.level !== 'debug') return
      enqueue(formatLine(options.wallMs(), name, fields))
    },
    recent: () => recent,
    flush,
    tail: async (linesMax) => {
      await flush()
      return readTail(options.directory, linesMax)
    },
    follow: (o) => followers.follow(o),
    [Symbol.asyncDispose]: flush,
  }
}

/** `{"time":"2026-11-21T14:30:05.123Z","event":"folder.halted",…}`; a field cannot pretend to be one of the two. */
export function formatLine(wallMs: number, event: string, fields: Record<string, LogValue>): string {
  const head = { time: new Date(wallMs).toISOString(), event }
  const cut = Object.entries(fields).map(([key, value]) => [key, cutLong(value)])
  return JSON.stringify({ ...head, ...Object.fromEntries(cut), ...head })
}

function cutLong(value: LogValue): LogValue {
  const isLong = typeof value === 'string' && value.length > FIELD_CHARACTERS_MAX
  return isLong ? `${value.slice(0, FIELD_CHARACTERS_MAX)}…` : value
}

/** The names of log files in a directory, newest first. */
export async function listLogFiles(directory: string): Promise<string[]> {
  const names = await readdir(directory)
  const numbered = names.flatMap((name) => {
    const number = /^holt\.log(?:\.(\d+))?$/.exec(name)
    return number === null ? [] : [{ name, number: Number(number[1] ?? 0) }]
  })
  return numbered.sort((a, b) => a.number - b.number).map(({ name }) => name)
}

async function append(file: string, lines: readonly string[], options: LogOptions): Promise<boolean> {
  try {
    if ((await sizeOf(file)) >= options.fileBytesMax) await turnOver(options)
    await appendFile(file, lines.map((line) => `${line}\n`).join(''), { mode: 0o600 })
    return true
  } catch (cause) {
    if (!hasErrno(cause, 'ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EACCES', 'EMFILE', 'ENFILE', 'ENOENT')) throw cause
    return false
  }
}

/** `holt.log` becomes `holt.log.1`, that becomes `holt.log.2`, and what is too old goes. */
async function turnOver({ directory, filesMax }: LogOptions): Promise<void> {
  const names = await listLogFiles(directory)
  for (const [index, name] of [...names.entries()].reverse()) {
    if (index + 1 >= filesMax) await rm(join(directory, name))
    else await rename(join(directory, name), join(directory, `${LOG_FILE}.${index + 1}`))
  }
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT')) return 0
    throw cause
  }
}

async function readTail(directory: string, linesMax: number): Promise<string[]> {
  const lines: string[] = []
  for (const name of await listLogFiles(directory)) {
    lines.unshift(...(await readLastLines(join(directory, name), linesMax - lines.length)))
    if (lines.length >= linesMax) break
  }
  return lines
}

async function readLastLines(file: string, linesMax: number): Promise<string[]> {
  if (linesMax <= 0) return []
  await using handle = await open(file)
  const { size } = await handle.stat()
  const start = Math.max(0, size - TAIL_BYTES_MAX)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start)
  const lines = buffer.toString('utf8', 0, bytesRead).split('\n').slice(0, -1)
  // Where the reading did not begin at the file's begin, the first line is a piece.
  return lines.slice(start === 0 ? 0 : 1).slice(-linesMax)
}

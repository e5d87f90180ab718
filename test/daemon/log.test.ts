/** The log and the crash reports. */

import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readCrashReports, writeCrashReport } from '../../daemon/crash-report.ts'
import { formatLine, openLog } from '../../daemon/log.ts'
import type { LogOptions } from '../../daemon/log.ts'

const WALL_MS = Date.UTC(2026, 10, 21, 14, 30, 5)

describe('the log', () => {
  it('is one JSON object a line, with time, event and fields, readable by its owner only', async (t) => {
    const options = await freshOptions(t)
    await logged(options, (log) => {
      log.event('folder.halted', { folder: 'Photos', deletes: 120 })
      log.event('daemon.stopped', {})
    })
    assert.deepEqual(await linesOf(options), [
      { time: '2026-11-21T14:30:05.000Z', event: 'folder.halted', folder: 'Photos', deletes: 120 },
      { time: '2026-11-21T14:30:05.000Z', event: 'daemon.stopped' },
    ])
    assert.equal((await stat(join(options.directory, 'holt.log'))).mode & 0o777, 0o600)
  })

  it('keeps a field from posing as the event, from breaking the line and from growing without end', () => {
    const line = formatLine(WALL_MS, 'real', { event: 'forged', text: 'a\nb', long: 'x'.repeat(9000) })
    assert.ok(!line.includes('\n'))
    assert.ok(line.length < 2200)
    assert.match(line, /^\{"time":"2026-11-21T14:30:05.000Z","event":"real"/)
  })

  it('writes debug events at level debug only', async (t) => {
    const options = await freshOptions(t)
    await logged(options, (log) => log.event('debug.frame', { bytes: 1 }))
    assert.deepEqual(await linesOf(options), [])
    await logged({ ...options, level: 'debug' }, (log) => log.event('debug.frame', { bytes: 2 }))
    assert.deepEqual(
      (await linesOf(options)).map((line) => line['bytes']),
      [2],
    )
  })

  it('is turned over by size, and only so many files are kept', async (t) => {
    const options = await freshOptions(t, { fileBytesMax: 1000, filesMax: 3 })
    await using log = openLog(options)
    for (let no = 0; no < 200; no += 1) {
      log.event('step', { no })
      await log.flush()
    }
    const names = (await readdir(options.directory)).sort()
    assert.deepEqual(names, ['holt.log', 'holt.log.1', 'holt.log.2'])
    for (const name of names) assert.ok((await stat(join(options.directory, name))).size < 1100)
    const seen = (await log.tail(1000)).map((line) => numberOf(line))
    assert.deepEqual(seen, range(200 - seen.length, 200))
    assert.deepEqual((await log.tail(20)).map(numberOf), range(180, 200))
    assert.deepEqual(await log.tail(0), [])
  })

  it('goes on in the same file after a restart', async (t) => {
    const options = await freshOptions(t)
    await logged(options, (log) => log.event('first', {}))
    await logged(options, (log) => log.event('second', {}))
    assert.deepEqual(
      (await linesOf(options)).map((line) => line['event']),
      ['first', 'second'],
    )
  })

  it('loses lines rather than memory when the disk is slower, and says how many', async (t) => {
    const options = await freshOptions(t)
    await logged(options, (log) => {
      for (let no = 0; no < 10_000; no += 1) log.event('burst', { no })
    })
    const lines = await linesOf(options)
    const lost = lines.filter((line) => line['event'] === 'log.lost')
    const written = lines.length - lost.length
    assert.ok(written < 10_000)
    assert.equal(written + sum(lost.map((line) => Number(line['lines']))), 10_000)
  })

  it('survives a directory that is gone, and says afterwards what is missing', async (t) => {
    const options = await freshOptions(t)
    const elsewhere = { ...options, directory: join(options.directory, 'later') }
    await using log = openLog(elsewhere)
    log.event('unheard', {})
    await log.flush()
    await mkdir(elsewhere.directory)
    log.event('heard', {})
    await log.flush()
    const lines = await linesOf(elsewhere)
    assert.deepEqual(
      lines.map((line) => [line['event'], line['lines']]),
      [
        ['heard', undefined],
        ['log.lost', 1],
      ],
    )
  })

  it('can be followed from now on, until the signal', async (t) => {
    const options = await freshOptions(t)
    await using log = openLog(options)
    const stop = new AbortController()
    log.event('before', {})
    const lines = log.follow({ signal: stop.signal })
    log.event('one', {})
    log.event('two', {})
    const seen: string[] = []
    for await (const line of lines) {
      seen.push(eventOf(line))
      if (seen.length === 2) log.event('three', {})
      if (seen.length === 3) stop.abort()
    }
    assert.deepEqual(seen, ['one', 'two', 'three'])
  })

  it('tells a follower that was too slow how many lines it missed', async (t) => {
    const options = await freshOptions(t)
    await using log = openLog(options)
    const stop = new AbortController()
    const lines = log.follow({ signal: stop.signal })
    for (let no = 0; no < 1500; no += 1) log.event('burst', { no })
    const seen: string[] = []
    for await (const line of lines) {
      seen.push(line)
      if (eventOf(line) === 'log.skipped') stop.abort()
    }
    assert.equal(seen.length, 1025)
    assert.deepEqual(JSON.parse(seen.at(-1) ?? ''), { event: 'log.skipped', lines: 476 })
  })

  it('has its latest lines at hand for a crash report', async (t) => {
    const options = await freshOptions(t)
    await using log = openLog(options)
    for (let no = 0; no < 150; no += 1) log.event('step', { no })
    assert.deepEqual(log.recent().map(numberOf), range(50, 150))
  })
})

describe('a crash', () => {
  it('leaves a report with its causes and the last log lines, readable by its owner only', async (t) => {
    const { directory } = await freshOptions(t)
    const error = new Error('no way on', { cause: new RangeError('seven') })
    const file = writeCrashReport(directory, { wallMs: WALL_MS, version: '0.1.0', error, recent: ['{"event":"a"}'] })
    assert.ok(file !== undefined)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    const [found] = readCrashReports(directory)
    assert.equal(found?.file, file)
    assert.equal(found.report.message, 'Error: no way on')
    assert.match(found.report.stack, /no way on[\s\S]*caused by: RangeError: seven/)
    assert.deepEqual([found.report.version, found.report.recent], ['0.1.0', ['{"event":"a"}']])
  })

  it('is one of the latest ten, and the newest comes first', async (t) => {
    const { directory } = await freshOptions(t)
    for (let no = 0; no < 13; no += 1) {
      writeCrashReport(directory, { wallMs: WALL_MS + no, version: '0.1.0', error: `crash ${no}`, recent: [] })
    }
    const messages = readCrashReports(directory).map(({ report }) => report.message)
    assert.deepEqual(
      messages,
      range(3, 13)
        .reverse()
        .map((no) => `crash ${no}`),
    )
  })

  it('that cannot be written down is no second crash', () => {
    const crash = { wallMs: WALL_MS, version: '0.1.0', error: new Error('x'), recent: [] }
    assert.equal(writeCrashReport('/nonexistent/log', crash), undefined)
  })

  it('whose report is damaged hides none of the others', async (t) => {
    const { directory } = await freshOptions(t)
    writeCrashReport(directory, { wallMs: WALL_MS, version: '0.1.0', error: 'whole', recent: [] })
    await writeFile(join(directory, 'crash-2027.json'), '{"time":')
    await writeFile(join(directory, 'crash-2028.json'), 'null')
    assert.deepEqual(
      readCrashReports(directory).map(({ report }) => report.message),
      ['whole'],
    )
  })
})

async function freshOptions(
  t: { after(f: () => Promise<void>): void },
  limits: { fileBytesMax?: number; filesMax?: number } = {},
): Promise<LogOptions> {
  const directory = await mkdtemp(join(tmpdir(), 'holt-log-'))
  t.after(() => rm(directory, { recursive: true }))
  return { directory, fileBytesMax: 1e6, filesMax: 5, level: 'normal', wallMs: () => WALL_MS, ...limits }
}

async function logged(options: LogOptions, act: (log: ReturnType<typeof openLog>) => void): Promise<void> {
  await using log = openLog(options)
  act(log)
}

async function linesOf({ directory }: LogOptions): Promise<Record<string, unknown>[]> {
  const text = await readFile(join(directory, 'holt.log'), 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

function eventOf(line: string): string {
  return (JSON.parse(line) as { event: string }).event
}

function numberOf(line: string): number {
  return (JSON.parse(line) as { no: number }).no
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/** Where the API listens, and why it sometimes does not. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, lstat, mkdir, mkdtemp, readdir, rm, rmdir, writeFile } from 'node:fs/promises'
import type { Server } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { socketPathFor } from '../../protocol/api/socket-path.ts'
import type { HttpServer } from '../../daemon/http/server.ts'
import { runApi, send, toAnswer } from './running-api.ts'

const OFF = { tcp: 'off' } as const

interface Directory extends AsyncDisposable {
  readonly path: string
}
async function makeDirectory(): Promise<Directory> {
  const path = await mkdtemp(join(tmpdir(), 'holt-listen-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

interface Taken extends AsyncDisposable {
  readonly port: number
}
/** A port of loopback that another program has. */
async function takePort(): Promise<Taken> {
  const server: Server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}

describe('the socket', () => {
  it('is for its user alone, in a directory for its user alone', async () => {
    await using api = await runApi(OFF)
    const { socketPath } = api.server
    assert.equal((await lstat(socketPath)).mode & 0o777, 0o600)
    assert.equal((await lstat(dirname(socketPath))).mode & 0o777, 0o700)
  })
  it('is gone when the server has stopped', async () => {
    await using directory = await makeDirectory()
    const socketPath = join(directory.path, 'run', 'api.sock')
    const api = await runApi({ ...OFF, socketPath })
    await api[Symbol.asyncDispose]()
    assert.deepEqual(await readdir(dirname(socketPath)), [])
  })
  it('of a live daemon is left alone, and the second one says so', async () => {
    await using api = await runApi(OFF)
    const { socketPath } = api.server
    await assert.rejects(runApi({ ...OFF, socketPath }), { code: 'second-daemon', message: /already running/ })
    assert.equal((await api.call({ path: '/daemon' })).status, 200)
    assert.deepEqual(await readdir(dirname(socketPath)), ['api.sock'])
  })
  it('that a killed daemon left is taken over', async () => {
    await using directory = await makeDirectory()
    const socketPath = join(directory.path, 'run', 'api.sock')
    await mkdir(dirname(socketPath), { mode: 0o700 })
    await leaveStaleSocket(socketPath)
    assert.ok((await lstat(socketPath)).isSocket())
    await using api = await runApi({ ...OFF, socketPath })
    assert.equal((await api.call({ path: '/daemon' })).status, 200)
    assert.deepEqual(await readdir(dirname(socketPath)), ['api.sock'])
  })
  it('goes to exactly one of several daemons that start at once over a stale one', async () => {
    await using directory = await makeDirectory()
    const socketPath = join(directory.path, 'run', 'api.sock')
    await mkdir(dirname(socketPath), { mode: 0o700 })
    await leaveStaleSocket(socketPath)
    const starts = await Promise.allSettled(Array.from({ length: 5 }, () => runApi({ ...OFF, socketPath })))
    const running = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []))
    const codes = starts.flatMap((start) => (start.status === 'rejected' ? [codeOf(start.reason)] : []))
    assert.deepEqual(
      codes,
      Array.from({ length: 4 }, () => 'second-daemon'),
    )
    assert.equal((await running[0]?.call({ path: '/daemon' }))?.status, 200)
    assert.deepEqual(await readdir(dirname(socketPath)), ['api.sock'])
    for (const api of running) await api[Symbol.asyncDispose]()
  })
  it('is not taken over while another daemon takes it over, which is found alive afterwards', async () => {
    await using directory = await makeDirectory()
    const socketPath = join(directory.path, 'run', 'api.sock')
    const turn = join(dirname(socketPath), 'takeover')
    await mkdir(turn, { recursive: true, mode: 0o700 })
    await chmod(dirname(socketPath), 0o700)
    await leaveStaleSocket(socketPath)
    const start = runApi({ ...OFF, socketPath })
    const refused = assert.rejects(start, { code: 'second-daemon' })
    assert.equal(await Promise.race([refused, start, setTimeout(150, 'it waits')]), 'it waits')
    await rm(socketPath)
    const other = createServer().listen(socketPath)
    await once(other, 'listening')
    await rmdir(turn)
    await refused
    assert.ok((await lstat(socketPath)).isSocket())
    other.close()
  })
  it('is not put where others can enter, nor where something else is', async () => {
    await using directory = await makeDirectory()
    const open = join(directory.path, 'open')
    await mkdir(open)
    await chmod(open, 0o755)
    const start = (path: string) => runApi({ ...OFF, socketPath: path })
    await assert.rejects(start(join(open, 'api.sock')), { code: 'socket-unusable', nextStep: /^Run: chmod 700 / })
    await assert.rejects(start(join(directory.path, 'x'.repeat(100), 'api.sock')), { code: 'socket-unusable' })
    const file = join(directory.path, 'file')
    await writeFile(file, '')
    await assert.rejects(start(join(file, 'api.sock')), /EEXIST|ENOTDIR/)
  })
  it('needs no token, and answers whatever the host is called', async () => {
    await using api = await runApi(OFF)
    assert.equal((await api.call({ path: '/status', headers: { host: 'holt' } })).status, 200)
  })
})

/** A process that listens and is killed leaves its socket behind. */
async function leaveStaleSocket(path: string): Promise<void> {
  const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  await once(spawn(process.execPath, ['-e', program]), 'exit')
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : error
}

describe('the TCP door', () => {
  it('is closed when it is off', async () => {
    await using api = await runApi(OFF)
    assert.equal(api.server.tcpAddress, undefined)
    assert.equal((await api.call({ path: '/api' })).body['url'], null)
  })
  it('takes the next free port when the default one is taken', async () => {
    await using taken = await takePort()
    await using api = await runApi({ tcp: { port: taken.port, isExplicit: false } })
    const port = Number(api.server.tcpAddress?.split(':')[1])
    assert.ok(port > taken.port && port < taken.port + 64, `${port} after ${taken.port}`)
    assert.equal((await api.callTcp({ path: '/daemon' })).body['apiAddress'], `127.0.0.1:${port}`)
  })
  it('says so when the port that was asked for is taken, and leaves nothing behind', async () => {
    await using taken = await takePort()
    await using directory = await makeDirectory()
    const socketPath = join(directory.path, 'run', 'api.sock')
    const tcp = { port: taken.port, isExplicit: true }
    await assert.rejects(runApi({ tcp, socketPath }), { code: 'port-taken', message: new RegExp(`${taken.port}`) })
    await assert.rejects(lstat(socketPath), { code: 'ENOENT' })
  })
  it('does not listen beyond loopback', async () => {
    for (const host of ['0.0.0.0', '::', '192.168.0.2', 'example.org', '127.0.0.1.example.org']) {
      const tcp = { host, port: 0, isExplicit: true }
      await assert.rejects(runApi({ tcp }), { code: 'not-loopback' }, host)
    }
  })
  it('listens on another address of loopback where one is named', async () => {
    await using api = await runApi({ tcp: { host: '127.0.0.9', port: 0, isExplicit: true } })
    assert.match(api.server.tcpAddress ?? '', /^127\.0\.0\.9:\d+$/)
  })
  it('cannot be opened with a weak token', async () => {
    await assert.rejects(runApi({ token: 'secret' }), RangeError)
  })
})

describe('stopping', () => {
  it('lets an answer that is under way finish, and takes no new request', async () => {
    const api = await runApi()
    const { promise: asked, resolve: ask } = Promise.withResolvers<undefined>()
    const { promise: answer, resolve: give } = Promise.withResolvers<undefined>()
    Object.assign(api.service, {
      config: async () => {
        ask(undefined)
        await answer
        return { file: '/f', settings: [] }
      },
    })
    const underWay = api.call({ path: '/config' })
    await asked
    const stopped = api[Symbol.asyncDispose]()
    give(undefined)
    assert.equal((await underWay).status, 200)
    await stopped
    await assert.rejects(api.call({ path: '/config' }), { code: 'ENOENT' })
    await assert.rejects(api.callTcp({ path: '/config' }), { code: 'ECONNREFUSED' })
  })
  it('tells an engine that waits that nobody waits for it any more', async () => {
    const api = await runApi()
    const { promise: heard, resolve: hear } = Promise.withResolvers<undefined>()
    const { promise: asked, resolve: ask } = Promise.withResolvers<undefined>()
    Object.assign(api.service, {
      doctor: async (_device: undefined, { signal }: { signal: AbortSignal }) => {
        signal.addEventListener('abort', () => {
          hear(undefined)
        })
        ask(undefined)
        await heard
        return { checks: [] }
      },
    })
    const client = new AbortController()
    const call = api.call({ path: '/doctor', signal: client.signal })
    await asked
    client.abort()
    await assert.rejects(call, { name: 'AbortError' })
    await heard
    await api[Symbol.asyncDispose]()
  })
})

describe('the path of the socket', () => {
  const place = { home: '/home/ada/.local/share/holt', runtimeDir: '/run/user/1000', platform: 'linux' }

  it('lies in the home where that is short enough', () => {
    assert.equal(socketPathFor(place), '/home/ada/.local/share/holt/run/api.sock')
  })
  it('is never over 100 bytes because of a long home, counted in bytes', () => {
    const home = `/home/${'ü'.repeat(45)}`
    const path = socketPathFor({ ...place, home })
    assert.match(path, /^\/run\/user\/1000\/holt-[0-9a-f]{16}\/api\.sock$/)
    assert.equal(path, socketPathFor({ ...place, home }))
    assert.notEqual(path, socketPathFor({ ...place, home: `${home}2` }))
  })
  it('hashes as FNV-1a does (test vector of its authors)', () => {
    assert.equal(socketPathFor({ ...place, home: 'foobar', platform: 'win32' }), '\\\\.\\pipe\\holt-85944171f73967e8')
  })
  it('works for a home of any length', async () => {
    await using directory = await makeDirectory()
    const home = join(directory.path, 'x'.repeat(120))
    const socketPath = socketPathFor({ home, runtimeDir: directory.path, platform: 'linux' })
    await using api = await runApi({ ...OFF, socketPath })
    const server: HttpServer = api.server
    assert.equal((await toAnswer(await send(server, { path: '/daemon' }))).status, 200)
  })
})

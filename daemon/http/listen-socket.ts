/**
 * Listening on the unix socket, whose directory keeps everybody else out. Only one daemon of a home can have it: a socket
 * that answers belongs to a live one, a socket that does not was left by a dead one and is taken out of the way.
 */

import { chmod, lstat, mkdir, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { HttpError, hasErrno } from './http-error.ts'

/** Bytes of `sockaddr_un.sun_path` on macOS, without its NUL; Linux has four more. */
const PATH_BYTES_MAX = 103
/** How long a live daemon may take to accept a connection: it is on this machine. */
const PROBE_MS = 2000
/** How often a daemon looks whether it is its turn to take over, and the longest that a turn of another may last. */
const TURN_POLL_MS = 20
const TURN_MS_MAX = 3 * PROBE_MS
const PIPE_PREFIX = '\\\\.\\pipe\\'

/** @throws HttpError `second-daemon`, `socket-unusable` */
export async function listenSocket(server: Server, path: string): Promise<void> {
  if (path.startsWith(PIPE_PREFIX)) {
    if (!(await tryListen(server, path))) throw secondDaemon()
    return
  }
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
    const nextStep = 'Set HOLT_HOME or XDG_RUNTIME_DIR to a shorter path.'
    throw new HttpError('socket-unusable', `The path ${path} is too long for a socket.`, nextStep)
  }
  await prepareDirectory(dirname(path))
  if (!(await tryListen(server, path))) await takeOver(server, path)
  await chmod(path, 0o600)
}

/** A directory that only this user can enter: made, or found to be one. */
async function prepareDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const stat = await lstat(directory)
  const isOwn = process.getuid === undefined || stat.uid === process.getuid()
  if (!stat.isDirectory() || !isOwn) {
    const nextStep = 'Remove it, or set XDG_RUNTIME_DIR to a directory of your own.'
    throw new HttpError('socket-unusable', `${directory} is not a directory of this user.`, nextStep)
  }
  if ((stat.mode & 0o077) !== 0) {
    const nextStep = `Run: chmod 700 '${directory}'`
    throw new HttpError('socket-unusable', `Other users can enter ${directory}, where the socket lies.`, nextStep)
  }
}

/** False where something already has that path. */
function tryListen(server: Server, path: string): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const failed = (error: Error): void => {
    if (hasErrno(error, 'EADDRINUSE')) resolve(false)
    else reject(error)
  }
  server.once('error', failed)
  server.listen({ path, exclusive: true }, () => {
    server.off('error', failed)
    resolve(true)
  })
  return promise
}

/**
 * Removes a dead socket and listens in its place. One daemon at a time looks and removes, or the second of two could take
 * away what the first has just put there. @throws HttpError `second-daemon`
 */
async function takeOver(server: Server, path: string): Promise<void> {
  await using _turn = await waitForTurn(join(dirname(path), 'takeover'))
  if (await isAlive(path)) throw secondDaemon()
  await rm(path, { force: true })
  if (!(await tryListen(server, path))) throw secondDaemon()
}

/** A directory that one process at a time can make. What a process that was killed in its turn left is removed after a while. */
async function waitForTurn(directory: string): Promise<AsyncDisposable> {
  for (let waitedMs = 0; ; waitedMs += TURN_POLL_MS) {
    try {
      await mkdir(directory, { mode: 0o700 })
      return { [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) }
    } catch (cause) {
      if (!hasErrno(cause, 'EEXIST')) throw cause
    }
    if (waitedMs >= TURN_MS_MAX) await rm(directory, { recursive: true, force: true })
    else await setTimeout(TURN_POLL_MS)
  }
}

/** Whether a process accepts connections there. */
function isAlive(path: string): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const socket = connect({ path })
  socket.setTimeout(PROBE_MS, () => {
    // A daemon that is too busy to accept is alive all the same.
    resolve(true)
  })
  socket.once('connect', () => {
    resolve(true)
  })
  socket.once('error', (error) => {
    if (hasErrno(error, 'ECONNREFUSED', 'ENOENT', 'ENOTSOCK', 'EPROTOTYPE')) resolve(false)
    else if (hasErrno(error, 'EAGAIN')) resolve(true)
    else reject(error)
  })
  return promise.finally(() => socket.destroy())
}

function secondDaemon(): HttpError {
  const nextStep = 'Run `holt status` to use it, or `holt stop` to stop it first.'
  return new HttpError('second-daemon', 'A daemon is already running for this home.', nextStep)
}

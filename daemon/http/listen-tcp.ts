/** Listening on loopback TCP: the port that was asked for, or the next free one where nobody asked. */

import type { Server } from 'node:http'
import { isIPv4 } from 'node:net'
import { PORTS_TRIED_MAX } from '../../protocol/api/constants.ts'
import { HttpError, hasErrno } from './http-error.ts'

export interface TcpPlace {
  /** `127.0.0.1` when left out. Only addresses of loopback are taken. */
  readonly host?: string
  /** 0 for any. */
  readonly port: number
  /** A person asked for just this port. */
  readonly isExplicit: boolean
}

const PORT_MAX = 65_535

/** Gives `HOST:PORT` as it goes into a URL. @throws HttpError `not-loopback`, `port-taken` */
export async function listenTcp(server: Server, { host = '127.0.0.1', port, isExplicit }: TcpPlace): Promise<string> {
  checkLoopback(host)
  const last = isExplicit ? port : Math.min(port + PORTS_TRIED_MAX - 1, PORT_MAX)
  for (let tried = port; tried <= last; tried++) {
    if (await tryPort(server, host, tried)) return addressOf(server, host)
  }
  const ports = isExplicit ? `Port ${port}` : `Every port from ${port} to ${last}`
  const nextStep = 'Choose another with HOLT_API_LISTEN, or set it to "off".'
  throw new HttpError('port-taken', `${ports} of ${host} is used by another program.`, nextStep)
}

/** Without TLS and a password, whoever reaches a port of another address could read the token off the wire. */
function checkLoopback(host: string): void {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase()
  if (bare === 'localhost' || bare === '::1' || (isIPv4(bare) && bare.startsWith('127.'))) return
  const nextStep = 'Use 127.0.0.1, and a tunnel such as "ssh -L" to reach it from elsewhere.'
  throw new HttpError('not-loopback', `The API listens on this machine only, not on ${host}.`, nextStep)
}

/** False where the port is taken. */
function tryPort(server: Server, host: string, port: number): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const failed = (error: Error): void => {
    if (hasErrno(error, 'EADDRINUSE', 'EACCES')) resolve(false)
    else reject(error)
  }
  server.once('error', failed)
  server.listen({ host: host.replace(/^\[|\]$/g, ''), port, exclusive: true }, () => {
    server.off('error', failed)
    resolve(true)
  })
  return promise
}

function addressOf(server: Server, host: string): string {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error(`the server on ${host} has no address`)
  return address.family === 'IPv6' ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`
}

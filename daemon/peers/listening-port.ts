/** The one port that people see. */

import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import { PeerError } from './peer-error.ts'

export interface ListenOptions {
  /** An IP address of this machine; undefined listens on all. */
  readonly host?: string | undefined
  /** 0 takes any free port. */
  readonly port: number
  /** A person asked for exactly this port: no other will do. */
  readonly isExplicit: boolean
}

/** Ports after the wanted one that are tried. */
const PORTS_TRIED = 100
const BACKLOG = 64

/** @throws PeerError `port-in-use` when the port is taken and explicit, or the next hundred are taken, too. */
export async function openPort(options: ListenOptions, onSocket: (socket: Socket) => void): Promise<Server> {
  const tries = options.isExplicit || options.port === 0 ? 1 : PORTS_TRIED
  for (let i = 0; i < tries && options.port + i <= 65_535; i++) {
    const server = await listen(options.host, options.port + i, onSocket)
    if (server !== undefined) return server
  }
  const ports = tries === 1 ? `Port ${options.port} is` : `The ports from ${options.port} on are all`
  throw new PeerError('port-in-use', `${ports} used by another program. Choose another with HOLT_LISTEN.`)
}

export function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('the server does not listen on a port')
  return address.port
}

/** Undefined when the port is taken. */
function listen(
  host: string | undefined,
  port: number,
  onSocket: (socket: Socket) => void,
): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer(onSocket)
    server.once('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'EADDRINUSE') resolve(undefined)
      else reject(cause)
    })
    server.listen({ port, backlog: BACKLOG, ...(host === undefined ? {} : { host }) }, () => resolve(server))
  })
}

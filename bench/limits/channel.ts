/** A TCP connection between two bare programs, in clear or with TLS; the key is shared, so that no certificate is needed. */

import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import { connect as connectTcp, createServer as createTcpServer } from 'node:net'
import type { ConnectionOptions, TlsOptions } from 'node:tls'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'

export type Channel = 'tcp' | 'tls'

const KEY = Buffer.alloc(16, 7)
const SHARED: TlsOptions & ConnectionOptions = {
  ciphers: 'PSK-AES128-GCM-SHA256',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
}

/** Listens, tells the port, and resolves with the first connection. */
export async function accept(channel: Channel, onPort: (port: number) => void): Promise<Socket> {
  const { promise, resolve } = Promise.withResolvers<Socket>()
  const server: Server =
    channel === 'tcp' ? createTcpServer(resolve) : createTlsServer({ ...SHARED, pskCallback: () => KEY }, resolve)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onPort((server.address() as AddressInfo).port)
  const socket = await promise
  server.close()
  return socket
}

export async function connect(channel: Channel, port: number): Promise<Socket> {
  const where = { port, host: '127.0.0.1' }
  if (channel === 'tcp') {
    const socket = connectTcp(where)
    await once(socket, 'connect')
    return socket
  }
  const socket = connectTls({
    ...SHARED,
    ...where,
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ psk: KEY, identity: 'bench' }),
  })
  await once(socket, 'secureConnect')
  return socket
}

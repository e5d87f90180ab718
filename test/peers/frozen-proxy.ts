/** A cable in the form of a program: it carries bytes until it is frozen. */

import type { Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { portOf } from '../../daemon/peers/listening-port.ts'

/** Passes connections on to a port of this machine until it is frozen, and then swallows every byte without a word. */
export class Proxy implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  isFrozen = false

  constructor(server: Server) {
    this.#server = server
  }

  get port(): number {
    return portOf(this.#server)
  }

  join(near: Socket, far: Socket): void {
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      let isCut = this.isFrozen
      this.#sockets.add(from)
      from.on('data', (bytes) => {
        isCut ||= this.isFrozen
        if (!isCut) to.write(bytes)
      })
      from.on('error', () => undefined)
      from.on('close', () => {
        if (!isCut) to.destroy()
      })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

export async function openProxy(port: number): Promise<Proxy> {
  const server = createServer((near) => proxy.join(near, connect(port, '127.0.0.1')))
  const proxy = new Proxy(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return proxy
}

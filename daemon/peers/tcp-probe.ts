/** Whether a port answers: a TCP connection that is closed as soon as it is open. */

import { connect } from 'node:net'
import type { AbortOptions } from '../ports.ts'

/** A firewall that drops packets answers nothing. */
const PROBE_MS = 3_000

/** Rejects only with the signal's reason. */
export async function probePort(host: string, port: number, { signal }: AbortOptions): Promise<boolean> {
  signal.throwIfAborted()
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ host, port, signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]) })
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  const isOpen = await promise
  socket.destroy()
  signal.throwIfAborted()
  return isOpen
}

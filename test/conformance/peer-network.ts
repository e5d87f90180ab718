/** What the conformance suite of `PeerTransport` asks of a network, real or simulated, and how it waits on one. */

import assert from 'node:assert/strict'
import type { PeerStream, PeerTransport } from '../../daemon/ports.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import type { ProtocolSpec } from '../../protocol/protocols.ts'

/** Two or three transports that can reach one another once they have admitted one another, with nothing else to be done. */
export interface PeerNetwork extends AsyncDisposable {
  readonly peers: readonly PeerTransport[]
  /** The text with which `dial` reaches a peer of this network. */
  dialAddress(peer: PeerTransport): string
  /** Text with which `dial` reaches nobody. */
  readonly deadAddress: string
  /** Lets simulated time pass: called again and again while a test waits. Real networks leave it out. */
  tick?(): void | Promise<void>
}

/** How long the suite waits for anything. Only reached by a failing test. */
export const DEADLINE_MS = 10_000
const POLL_MS = 5
/** Turns in which something that is wrongly unbounded, or wrongly there, would show. */
export const TURNS_TO_RUN_AHEAD = 40

/** Waits, letting the network's time pass, until the promise settles. Fails at the deadline. */
export async function settled<T>(network: PeerNetwork, promise: Promise<T>, what = 'an answer'): Promise<T> {
  if (network.tick === undefined) return inTime(promise, what)
  let isSettled = false
  const settle = (): void => void (isSettled = true)
  promise.then(settle, settle)
  await until(network, () => isSettled, what)
  return promise
}

async function inTime<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${DEADLINE_MS} ms for ${what}`)), DEADLINE_MS)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Waits, letting the network's time pass, until the condition holds. Fails at the deadline. */
export async function until(network: PeerNetwork, holds: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS
  while (!holds()) {
    assert.ok(performance.now() < deadline, `waited ${DEADLINE_MS} ms for ${what}`)
    await turn(network)
  }
}

/** One turn of the event loop and, where the network is simulated, of its clock. */
export async function turn(network: PeerNetwork): Promise<void> {
  if (network.tick === undefined) return new Promise((resolve) => setTimeout(resolve, POLL_MS))
  await network.tick()
  await new Promise((resolve) => setImmediate(resolve))
}

/** Who is online as one peer sees it, kept up to date until the test ends. */
export function watchPresence(peer: PeerTransport, signal: AbortSignal): Map<DeviceId, boolean> {
  const seen = new Map<DeviceId, boolean>()
  const follow = async (): Promise<void> => {
    for await (const { device, online } of peer.presence({ signal })) seen.set(device, online)
  }
  follow().catch((cause: unknown) => {
    if (!signal.aborted) throw cause
  })
  return seen
}

/** Opens a stream, trying again while the other side is not connected yet. */
export async function openWhenOnline(
  network: PeerNetwork,
  from: PeerTransport,
  to: PeerTransport,
  protocol: ProtocolSpec,
): Promise<PeerStream> {
  const deadline = performance.now() + DEADLINE_MS
  for (;;) {
    const result = await settled(network, open(from, to, protocol), `a stream of ${protocol.id}`)
    if (!(result instanceof Error)) return result
    if (performance.now() > deadline) throw result
    await turn(network)
  }
}

async function open(from: PeerTransport, to: PeerTransport, protocol: ProtocolSpec): Promise<PeerStream | Error> {
  try {
    return await from.open(to.self, protocol, { signal: AbortSignal.timeout(DEADLINE_MS) })
  } catch (cause) {
    if (hasCode(cause, 'offline')) return cause
    throw cause
  }
}

export function hasCode(cause: unknown, ...codes: readonly string[]): cause is Error {
  return cause instanceof Error && cause.name === 'PeerError' && 'code' in cause && codes.includes(String(cause.code))
}

/** For `assert.rejects`: a `PeerError` with one of these codes. */
export function peerError(...codes: readonly string[]): (cause: unknown) => true {
  return (cause) => {
    assert.ok(hasCode(cause, ...codes), `a PeerError ${codes.join(' or ')}, not ${String(cause)}`)
    return true
  }
}

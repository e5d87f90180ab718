/** Where a device listens: multiaddrs `/ip4/…/tcp/N/tls` between Holts, `/ip4/…/tcp/N` for noise, and what people type. */

import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import { multiaddr } from '@multiformats/multiaddr'
import { isIP } from 'node:net'
import { LISTEN_PORT_DEFAULT } from '../../protocol/api/constants.ts'
import { PeerError } from './peer-error.ts'

const HOST_NAMES: ReadonlySet<string> = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6'])

/** A multiaddr as a socket needs it. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  readonly isTls: boolean
  readonly remote: PeerId | undefined
}

/** Undefined for addresses of other kinds: relays, UDP, browsers. */
export function endpointOf(address: Multiaddr): Endpoint | undefined {
  const [host, tcp, ...rest] = address.getComponents()
  if (host?.value === undefined || !HOST_NAMES.has(host.name) || tcp?.name !== 'tcp') return undefined
  const isTls = rest[0]?.name === 'tls'
  const [last, ...others] = isTls ? rest.slice(1) : rest
  if (others.length > 0 || (last !== undefined && last.name !== 'p2p')) return undefined
  const remote = last?.value === undefined ? undefined : peerIdFromString(last.value)
  return { host: host.value, port: Number(tcp.value), isTls, remote }
}

/** Whether a host to listen on means every address of the machine. */
export function isEveryAddress(host: string | undefined): boolean {
  return host === undefined || host === '0.0.0.0' || host === '::'
}

/** The address of a Holt at an IP address or host name. */
export function holtAddress(host: string, port: number): string {
  const kind = { 4: 'ip4', 6: 'ip6' }[isIP(host)] ?? 'dns'
  return `/${kind}/${host}/tcp/${port}/tls`
}

/** What a person types, `HOST`, `HOST:PORT`, `[IPV6]:PORT` or a multiaddr, as a multiaddr. @throws PeerError `bad-address` */
export function parseTypedAddress(text: string): string {
  try {
    const address = text.startsWith('/') ? text : hostAndPort(text.trim())
    if (endpointOf(multiaddr(address)) !== undefined) return address
  } catch (cause) {
    throw badAddress(text, { cause })
  }
  throw badAddress(text)
}

/** A stored address, or undefined when it is not one. */
export function parseStoredAddress(text: string): Multiaddr | undefined {
  try {
    const address = multiaddr(text)
    return endpointOf(address) === undefined ? undefined : address
  } catch (cause) {
    if (cause instanceof Error) return undefined
    throw cause
  }
}

/** The address itself, without the id of who answers there. */
export function withoutPeer(address: Multiaddr): string {
  return address.toString().replace(/\/p2p\/[^/]+$/, '')
}

/** Of the addresses at which a device listens the one with the host that a connection came from; else where it came from. */
export function listeningAddress(from: Multiaddr, known: readonly string[]): string {
  const hostOf = (address: string): string => address.split('/').slice(0, 3).join('/')
  const text = withoutPeer(from)
  return known.find((address) => hostOf(address) === hostOf(text)) ?? text
}

function hostAndPort(text: string): string {
  if (isIP(text) === 6) return holtAddress(text, LISTEN_PORT_DEFAULT)
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/\s]+))(?::(\d{1,5}))?$/i.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = match?.[3] === undefined ? LISTEN_PORT_DEFAULT : Number(match[3])
  if (host === undefined || port < 1 || port > 65_535) throw badAddress(text)
  return holtAddress(host, port)
}

function badAddress(text: string, options?: ErrorOptions): PeerError {
  return new PeerError('bad-address', `"${text}" is not an address: write HOST, HOST:PORT or [IPV6]:PORT`, options)
}

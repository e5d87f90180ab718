/** The networks that this machine is directly attached to, one per interface. IPv4: every LAN of a home has it. */

import { BlockList } from 'node:net'
import { networkInterfaces } from 'node:os'

export interface LocalNetwork {
  /** The interface's name. */
  readonly name: string
  /** This machine's address in it. */
  readonly address: string
  readonly isLoopback: boolean
  /** Whether an address lies in this network: what does is reached without a router. */
  has(address: string): boolean
}

/** A tunnel has no neighbours to discover. */
const POINT_TO_POINT_BITS = 32

/** @param only names of the interfaces to look at; undefined looks at all. */
export function localNetworks(only?: ReadonlySet<string>): LocalNetwork[] {
  return Object.entries(networkInterfaces()).flatMap(([name, infos]) => {
    const info = infos?.find(({ family, cidr }) => family === 'IPv4' && cidr !== null)
    if (info === undefined || (only !== undefined && !only.has(name))) return []
    const bits = Number(info.cidr?.split('/')[1])
    if (!Number.isInteger(bits) || bits >= POINT_TO_POINT_BITS) return []
    const neighbours = new BlockList()
    neighbours.addSubnet(info.address, bits, 'ipv4')
    return [
      { name, address: info.address, isLoopback: info.internal, has: (address) => neighbours.check(address, 'ipv4') },
    ]
  })
}

/** All interfaces and their addresses, to be compared: cheaper than what is made of them. */
export function interfacesText(): string {
  const all = Object.entries(networkInterfaces())
  return all.map(([name, infos]) => `${name} ${(infos ?? []).map(({ cidr }) => cidr).join(' ')}`).join('\n')
}

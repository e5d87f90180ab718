/** What `holt doctor` says of the other devices: whether they are connected, and reach each other's ports. */

import type { Check } from '../../protocol/api/daemon.ts'
import type { Device } from '../../protocol/api/devices.ts'
import type { AbortOptions } from '../ports.ts'
import type { PortCheckPorts } from '../sync/port-check.ts'
import { checkPorts } from '../sync/port-check.ts'
import { isAborted } from '../sync/deadline.ts'

type Peer = Pick<Device, 'id' | 'name' | 'isOnline'>

export function peerChecks(ports: PortCheckPorts, peers: readonly Peer[], o: AbortOptions): Promise<Check[]> {
  return Promise.all(peers.map((peer) => peerCheck(ports, peer, o)))
}

async function peerCheck(ports: PortCheckPorts, { id, name, isOnline }: Peer, o: AbortOptions): Promise<Check> {
  const { transport } = ports
  const base = { id: `peer.${id}`, title: `Connection with ${name}` }
  if (!isOnline) {
    const fix = `Start Holt there, and let TCP port ${transport.port} through the firewalls of both devices.`
    return { ...base, outcome: 'warning', detail: `${name} is not connected.`, fix }
  }
  try {
    const found = await checkPorts(ports, id, o)
    if (found === undefined) return { ...base, ...notTold(name) }
    const blocked = [
      ...(found.isReachedFromThere
        ? []
        : [{ who: `${name} does not reach this device`, at: 'here', port: transport.port }]),
      ...(found.isReachedFromHere
        ? []
        : [{ who: `This device does not reach ${name}`, at: `on ${name}`, port: found.port }]),
    ]
    if (blocked.length === 0) {
      const detail = `${name} is connected, and each reaches the port of the other (${transport.port} here, ${found.port} there).`
      return { ...base, outcome: 'ok', detail, fix: null }
    }
    return {
      ...base,
      outcome: 'warning',
      detail: `${name} is connected, but in one direction only: ${blocked.map(({ who, port }) => `${who} at port ${port}`).join('; ')}.`,
      fix: blocked.map(({ at, port }) => `Let TCP port ${port} through the firewall ${at}.`).join(' '),
    }
  } catch (cause) {
    if (isAborted(o)) throw cause
    return { ...base, ...notTold(name) }
  }
}

/** An older Holt, or one that went away meanwhile. */
function notTold(name: string): Pick<Check, 'outcome' | 'detail' | 'fix'> {
  return { outcome: 'ok', detail: `${name} is connected; it does not tell whether it reaches this device.`, fix: null }
}

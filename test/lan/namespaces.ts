/**
 * A LAN of network namespaces: a switch, and hosts on it that have no other way out, or whose default route lies elsewhere.
 * Needs root and Linux. Nothing of the machine's own network is touched.
 */

import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'

/** Where a host sends what is not of the LAN: nowhere, or to a router on another interface. */
export type DefaultRoute = 'none' | 'elsewhere'

export interface Host {
  readonly namespace: string
  /** What runs a program on this host: put it in front of the program. */
  readonly prefix: readonly [string, ...string[]]
  /** The host's address in the LAN, as it is now. */
  readonly address: string
  /** Pulls or plugs in the cable to the switch. */
  setCable(isPlugged: boolean): void
  /** Gives the host another address (without the prefix length) of 10.77.0.0/24. */
  setAddress(address: string): void
  /** From now on no more bytes a second leave the host: a slow line. */
  limitLine(bytesPerSecond: number): void
  /** Bytes that have left the host for the LAN, with all headers. */
  sentBytes(): number
}

export interface Lan extends Disposable {
  readonly hosts: readonly Host[]
  /** Packets that a host has tried to send to anywhere outside its links since the LAN was made; multicast of the link is none. */
  packetsToOutside(): number
}

/** Why no LAN can be made here, or false when it can: what `it(…, { skip })` takes. */
export function lanSkipReason(): string | false {
  if (process.platform !== 'linux') return 'network namespaces are of Linux'
  return process.getuid?.() === 0 ? false : 'needs root to make network namespaces'
}

/** @param hosts how many, up to 9; they get 10.77.0.1, 10.77.0.2 … No host at all but the loopback interface: `makeLoneHost`. */
export function makeLan(hosts: number, defaultRoute: DefaultRoute): Lan {
  const id = `holt-${randomBytes(3).toString('hex')}`
  const namespaces = [`${id}-switch`, `${id}-router`]
  const lan = { id, switch: `${id}-switch`, router: `${id}-router` }
  for (const namespace of namespaces) addNamespace(namespace)
  ip('-n', lan.switch, 'link', 'add', 'br0', 'type', 'bridge')
  ip('-n', lan.switch, 'link', 'set', 'br0', 'up')
  const made = Array.from({ length: hosts }, (_, i) => addHost(lan, i + 1, defaultRoute))
  namespaces.push(...made.map((host) => host.namespace))
  const before = countOutside(lan.router, made)
  return {
    hosts: made,
    packetsToOutside: () => countOutside(lan.router, made) - before,
    [Symbol.dispose]: () => namespaces.forEach(deleteNamespace),
  }
}

/** A host without any network but its loopback interface. */
export function makeLoneHost(): Lan {
  const namespace = `holt-${randomBytes(3).toString('hex')}-lone`
  addNamespace(namespace)
  const fixed = (): never => {
    throw new TypeError('a lone host has no cable')
  }
  const prefix = ['ip', 'netns', 'exec', namespace] as const
  const host = { namespace, prefix: [...prefix] as [string, ...string[]], address: '127.0.0.1' }
  return {
    hosts: [{ ...host, setCable: fixed, setAddress: fixed, limitLine: fixed, sentBytes: fixed }],
    packetsToOutside: () => packetsWithoutRoute(namespace),
    [Symbol.dispose]: () => deleteNamespace(namespace),
  }
}

interface Wiring {
  readonly id: string
  readonly switch: string
  readonly router: string
}

function addHost(lan: Wiring, number: number, defaultRoute: DefaultRoute): Host {
  const namespace = `${lan.id}-${number}`
  const port = `port${number}`
  addNamespace(namespace)
  ip('link', 'add', 'lan0', 'netns', namespace, 'type', 'veth', 'peer', 'name', port, 'netns', lan.switch)
  ip('-n', lan.switch, 'link', 'set', port, 'master', 'br0', 'up')
  ip('-n', namespace, 'link', 'set', 'lan0', 'up')
  let address = `10.77.0.${number}`
  ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'lan0')
  if (defaultRoute === 'elsewhere') addRouter(lan, namespace, number)
  return {
    namespace,
    prefix: ['ip', 'netns', 'exec', namespace],
    get address() {
      return address
    },
    setCable: (isPlugged) => ip('-n', lan.switch, 'link', 'set', port, isPlugged ? 'up' : 'down'),
    setAddress: (next) => {
      ip('-n', namespace, 'address', 'add', `${next}/24`, 'dev', 'lan0')
      ip('-n', namespace, 'address', 'del', `${address}/24`, 'dev', 'lan0')
      // Deleting the first address of a network takes the others with it.
      ip('-n', namespace, 'address', 'replace', `${next}/24`, 'dev', 'lan0')
      address = next
    },
    limitLine: (bytesPerSecond) => {
      const rate = [`${bytesPerSecond * 8}bit`, 'burst', '64kb', 'latency', '200ms']
      run('tc', '-n', namespace, 'qdisc', 'replace', 'dev', 'lan0', 'root', 'tbf', 'rate', ...rate)
    },
    sentBytes: () => {
      const file = '/sys/class/net/lan0/statistics/tx_bytes'
      return Number(execFileSync('ip', ['netns', 'exec', namespace, 'cat', file], { encoding: 'utf8' }))
    },
  }
}

/** A second interface with the default route, towards a router that leads nowhere and counts. */
function addRouter(lan: Wiring, namespace: string, number: number): void {
  const port = `wan${number}`
  ip('link', 'add', 'wan0', 'netns', namespace, 'type', 'veth', 'peer', 'name', port, 'netns', lan.router)
  ip('-n', lan.router, 'address', 'add', `172.31.${number}.254/24`, 'dev', port)
  ip('-n', lan.router, 'link', 'set', port, 'up')
  ip('-n', namespace, 'address', 'add', `172.31.${number}.1/24`, 'dev', 'wan0')
  ip('-n', namespace, 'link', 'set', 'wan0', 'up')
  ip('-n', namespace, 'route', 'add', 'default', 'via', `172.31.${number}.254`)
}

/** What the router could not deliver, which is all unicast that is not for itself, and packets for which a host had no route. */
function countOutside(router: string, hosts: readonly Host[]): number {
  const undelivered =
    counter(router, 'snmp', 'Ip', 'InAddrErrors') +
    counter(router, 'snmp', 'Ip', 'ForwDatagrams') +
    counter(router, 'netstat', 'IpExt', 'InNoRoutes')
  return hosts.reduce((sum, host) => sum + packetsWithoutRoute(host.namespace), undelivered)
}

function packetsWithoutRoute(namespace: string): number {
  return counter(namespace, 'snmp', 'Ip', 'OutNoRoutes')
}

/** A number of /proc/net: two lines a group, names above values. */
function counter(namespace: string, file: 'snmp' | 'netstat', group: string, name: string): number {
  const text = execFileSync('ip', ['netns', 'exec', namespace, 'cat', `/proc/net/${file}`], { encoding: 'utf8' })
  const [names, values] = text
    .split('\n')
    .filter((line) => line.startsWith(`${group}: `))
    .map((line) => line.split(' '))
  return Number(values?.[names?.indexOf(name) ?? -1])
}

function addNamespace(namespace: string): void {
  ip('netns', 'add', namespace)
  ip('netns', 'exec', namespace, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1')
  ip('-n', namespace, 'link', 'set', 'lo', 'up')
}

function deleteNamespace(namespace: string): void {
  ip('netns', 'delete', namespace)
}

function ip(...args: readonly string[]): void {
  run('ip', ...args)
}

function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] })
}

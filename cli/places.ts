/** Paths and addresses, short enough to read. */

/** `~/Photos` for what lies in the person's home. */
export function shortPath(path: string, homeDirectory: string): string {
  if (path === homeDirectory) return '~'
  return path.startsWith(`${homeDirectory}/`) ? `~${path.slice(homeDirectory.length)}` : path
}

/** `192.168.0.2:14658` of a multiaddr, `port 14658` where that is of every interface; anything else as it is. */
export function shortAddress(multiaddr: string): string {
  const [, kind, host, , port] = /^\/(ip4|ip6|dns[46]?)\/([^/]+)\/(tcp|udp)\/(\d+)/.exec(multiaddr) ?? []
  if (host === undefined || port === undefined) return multiaddr
  // Every interface: which address of them it is depends on who asks.
  if (host === '0.0.0.0' || host === '::') return `port ${port}`
  return kind === 'ip6' ? `[${host}]:${port}` : `${host}:${port}`
}

/** Each once, in their order. */
export function shortAddresses(multiaddrs: readonly string[]): string[] {
  return [...new Set(multiaddrs.map(shortAddress))]
}

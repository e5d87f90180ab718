/** Bytes on the wire, as the kernel counts them for each TCP connection (`ss` of iproute2; no privilege is needed). */

import { execFileSync } from 'node:child_process'

/** Counts what goes over connections that have one of some ports at an end. */
export class WireCounter {
  readonly #ports: () => readonly number[]
  /** The most that each end has sent. A connection that is gone keeps what it was last seen with. */
  readonly #sent = new Map<string, number>()

  constructor(ports: () => readonly number[]) {
    this.#ports = ports
  }

  /** In both directions, since the first call or longer; undefined where there is no `ss`. */
  bytes(): number | undefined {
    const text = askSs(this.#ports())
    if (text === undefined) return undefined
    for (const [end, sent] of parseSs(text)) this.#sent.set(end, Math.max(sent, this.#sent.get(end) ?? 0))
    return [...this.#sent.values()].reduce((sum, sent) => sum + sent, 0)
  }
}

/** Each end of a connection (`local>remote`) and the bytes that it has sent, from `ss -tinHO`. */
export function parseSs(text: string): (readonly [string, number])[] {
  return text.split('\n').flatMap((line) => {
    const [, , , local, remote] = line.trim().split(/\s+/)
    if (local === undefined || remote === undefined) return []
    return [[`${local}>${remote}`, Number(/ bytes_sent:(\d+)/.exec(line)?.[1] ?? 0)] as const]
  })
}

function askSs(ports: readonly number[]): string | undefined {
  const filter = ports.map((port) => `sport = :${port} or dport = :${port}`).join(' or ')
  try {
    return execFileSync('ss', ['-tinHO', 'state', 'all', `( ${filter} )`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch {
    return undefined
  }
}

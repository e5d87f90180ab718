/** Where the daemon of a home listens and its clients look: one answer for both. */

/** Bytes of a path that every system takes for a unix socket: macOS allows 103, Linux 107. */
const SOCKET_PATH_BYTES_MAX = 100
const FNV_OFFSET = 0xcbf29ce484222325n
const FNV_PRIME = 0x100000001b3n

export interface SocketPlace {
  /** `HOLT_HOME`, absolute and without a slash at its end. */
  readonly home: string
  /** A directory for sockets that only this user can write to (`$XDG_RUNTIME_DIR`), else the directory for temporary files. */
  readonly runtimeDir: string
  /** As `process.platform` says it. */
  readonly platform: string
}

/**
 * `<home>/run/api.sock`; where that is longer than 100 bytes, `<runtimeDir>/holt-<hash of home>/api.sock`; a named pipe on
 * Windows. The directory of the socket is the daemon's to make, with mode 0700: a client that finds it owned by another
 * user must not talk to it.
 */
export function socketPathFor({ home, runtimeDir, platform }: SocketPlace): string {
  const bytes = new TextEncoder().encode(home)
  if (platform === 'win32') return `\\\\.\\pipe\\holt-${fnv1a64(bytes)}`
  const direct = `${home}/run/api.sock`
  if (new TextEncoder().encode(direct).length <= SOCKET_PATH_BYTES_MAX) return direct
  return `${runtimeDir}/holt-${fnv1a64(bytes)}/api.sock`
}

/** FNV-1a, 64 bits, in hex (RFC 9923): it names, it does not protect. */
function fnv1a64(bytes: Uint8Array): string {
  let hash = FNV_OFFSET
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * FNV_PRIME)
  return hash.toString(16).padStart(16, '0')
}

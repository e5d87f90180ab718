/** What a client of the local HTTP API needs before it has said a word. No schema library: a command line loads this first. */

/** Every path of the API begins so. */
export const API_PREFIX = '/api/v1'
/** Where devices reach one another, unless `HOLT_LISTEN` says otherwise. The digits are H-O-L-T on a telephone, after a 1. */
export const LISTEN_PORT_DEFAULT = 14_658
/** Where the HTTP API listens on 127.0.0.1, unless `HOLT_API_LISTEN` says otherwise. */
export const API_PORT_DEFAULT = 14_659
/** Ports that are tried from the default one upwards, where nobody asked for a certain one. */
export const PORTS_TRIED_MAX = 64

/** The bytes of a token are random; it travels as lower-case hex. */
export const TOKEN_BYTES = 32
/** Bytes of a request's body: the largest is two paths and a name. */
export const API_BODY_BYTES_MAX = 64 * 1024

/** Events and log records of one JSON page, and of `ls` and `conflicts`. */
export const PAGE_DEFAULT = 200
export const PAGE_MAX = 1000
/** Paths that were left as they are, at most this many by name. */
export const LEFT_MAX = 1000
/** Patterns of a selection, and the characters of one. */
export const PATTERNS_MAX = 1000
export const PATTERN_CHARACTERS_MAX = 4096
/** How long a request may wait for a folder whose offer is still on its way, in milliseconds. */
export const OFFER_WAIT_MS_MAX = 15_000
/** How often a quiet event stream says a word, so that both ends notice a dead line. */
export const STREAM_HEARTBEAT_MS = 15_000

/** What a command ends with. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  daemonNotRunning: 3,
  refused: 4,
  notFound: 5,
  needsAttention: 6,
  interrupted: 130,
} as const
export type ExitStatus = (typeof EXIT)[keyof typeof EXIT]

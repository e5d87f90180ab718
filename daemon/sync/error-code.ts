/** The code of an error that an adapter threw, whatever its class: `sync/` knows the ports and not who implements them. */

/** The `code` of a coded error; undefined for anything else, which nobody here can act on. */
export function errorCode(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
}

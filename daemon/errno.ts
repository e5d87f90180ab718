/** Errors of the operating system and of Node, told apart by their code. */

export function hasErrno(cause: unknown, ...codes: readonly string[]): cause is Error & { code: string } {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' && codes.includes(cause.code)
}

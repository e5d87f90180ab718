/** What fails on a folder's disk in a way that a caller can act on. */

export type TreeErrorCode =
  /** It does not have the fingerprint that was expected. */
  | 'changed'
  | 'missing'
  | 'no-space'
  | 'read-only'
  | 'denied'
  | 'missing-parent'
  | 'not-a-directory'
  /** The directory is the root of another folder. */
  | 'already-marked'
  | 'unmarked'
  | 'io'

export class TreeError extends Error {
  override readonly name = 'TreeError'
  readonly code: TreeErrorCode

  constructor(code: TreeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Whether a cause is a system error with one of these codes. */
export function hasErrno(cause: unknown, ...codes: readonly string[]): cause is Error & { readonly code: string } {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' && codes.includes(cause.code)
}

/** Whether the system refused a call, for whatever reason. */
export function isSystemError(cause: unknown): cause is Error & { readonly code: string } {
  return cause instanceof Error && 'syscall' in cause
}

/** The system error as a `TreeError`, where its code says something that a caller can act on; other causes as they are. */
export function toTreeError(cause: unknown, what: string): unknown {
  if (cause instanceof TreeError) return cause
  if (hasErrno(cause, 'ENOSPC', 'EDQUOT')) return new TreeError('no-space', `${what}: the disk is full`, { cause })
  if (hasErrno(cause, 'EROFS')) return new TreeError('read-only', `${what}: the disk is read-only`, { cause })
  if (hasErrno(cause, 'EACCES', 'EPERM')) return new TreeError('denied', `${what}: this user may not`, { cause })
  if (hasErrno(cause, 'ENOENT')) return new TreeError('missing', `${what}: it is not there`, { cause })
  if (hasErrno(cause, 'ENOTDIR', 'ELOOP'))
    return new TreeError('changed', `${what}: something else is in the way`, { cause })
  return cause instanceof Error && 'code' in cause ? new TreeError('io', `${what}: ${cause.message}`, { cause }) : cause
}

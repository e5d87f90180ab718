/** What fails in a blob store in a way that a caller can act on. */

export type StoreErrorCode =
  /** The bytes are not those of the blob. */
  | 'wrong-hash'
  | 'no-space'
  /** This blob does not fit on the disk; smaller ones may. */
  | 'no-room'
  /** The store does not have the blob. */
  | 'missing'
  | 'io'

export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Whether a cause is a system error with one of these codes. */
export function hasErrno(cause: unknown, ...codes: readonly string[]): boolean {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' && codes.includes(cause.code)
}

/** Does what changes the store; the system's refusal becomes a `StoreError`. */
export async function storing<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw toStoreError(cause, what)
  }
}

/** An error of the system as a `StoreError`; other causes as they are. */
export function toStoreError(cause: unknown, what: string): unknown {
  if (hasErrno(cause, 'ENOSPC', 'EDQUOT')) return new StoreError('no-space', `${what}: the disk is full`, { cause })
  if (cause instanceof Error && 'syscall' in cause) return new StoreError('io', `${what}: ${cause.message}`, { cause })
  return cause
}

/** What a simulated system call fails with. */

export type ErrnoCode =
  | 'EACCES'
  | 'EEXIST'
  | 'EIO'
  | 'EISDIR'
  | 'EMFILE'
  | 'ENAMETOOLONG'
  | 'EINVAL'
  | 'ENOENT'
  | 'ENOSPC'
  | 'ENOTDIR'
  | 'ENOTEMPTY'
  | 'EROFS'

export class Errno extends Error {
  override readonly name = 'Errno'
  readonly code: ErrnoCode

  constructor(code: ErrnoCode, path: string) {
    super(`${code}: ${path}`)
    this.code = code
  }
}

export function hasErrno(error: unknown, code: ErrnoCode): boolean {
  return error instanceof Errno && error.code === code
}

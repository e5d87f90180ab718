/** What the main thread asks of the workers that list and hash. Plain data, so that it can be cloned. */

/** Where a path lies: the root and the disk names below it. */
export interface Place {
  readonly root: string
  readonly names: readonly string[]
}

export type Job =
  | { readonly kind: 'list'; readonly place: Place }
  | { readonly kind: 'hash'; readonly files: readonly { readonly place: Place; readonly fingerprint: string }[] }

/** One name in a directory, as the system tells it. */
export type ListedName =
  | {
      readonly kind: 'file'
      readonly name: string
      readonly fingerprint: string
      readonly sizeBytes: number
      readonly mtimeMs: number
      readonly executable: boolean
    }
  | { readonly kind: 'directory'; readonly name: string; readonly mtimeMs: number; readonly isMount: boolean }
  | {
      readonly kind: 'symlink'
      readonly name: string
      readonly fingerprint: string
      readonly mtimeMs: number
      readonly target: string
    }
  | { readonly kind: 'special'; readonly name: string }
  | { readonly kind: 'unreadable'; readonly name: string }
  /** Not UTF-8; `name` shows it with replacement characters. */
  | { readonly kind: 'not-text'; readonly name: string }

export type Listed =
  | { readonly state: 'listed'; readonly names: readonly ListedName[] }
  | { readonly state: 'absent' | 'unreadable'; readonly names: readonly [] }

export type HashedFile =
  | {
      readonly kind: 'hashed'
      readonly hash: Uint8Array
      readonly sizeBytes: number
      /** Joined; null for at most one chunk. */ readonly chunks: Uint8Array | null
    }
  | { readonly kind: 'changed' }
  | { readonly kind: 'unreadable'; readonly reason: string }

/** The answer to a job has the job's kind. */
export interface Answers {
  readonly list: Listed
  readonly hash: readonly HashedFile[]
}

/** Kept versions, as `ports.ts` speaks of them. Types only. */

import type { BlobHash, DeviceId } from '../protocol/ids.ts'
import type { RelPath } from '../protocol/path.ts'
import type { VersionName } from './ports.ts'

/** What a path became when its content was kept: nothing, a file with these bytes, or something else. */
export type Became = BlobHash | 'deleted' | 'directory' | 'symlink'

/** What took a content away, as every device knows it. */
export interface Taken {
  readonly became: Became
  /** Whose change it was. */
  readonly by: DeviceId
  /** When that device saw its change, by its own clock: seconds since 1970. */
  readonly second: number
}

/** What a kept version is on the disk. */
export type KeptContent =
  | { readonly kind: 'file'; readonly sizeBytes: number; readonly mtimeMs: number; readonly executable: boolean }
  | { readonly kind: 'symlink'; readonly target: string; readonly mtimeMs: number }

/** What is put somewhere on this machine. */
export type SavedContent =
  | {
      readonly kind: 'file'
      readonly bytes: AsyncIterable<Uint8Array>
      readonly mtimeMs: number
      readonly executable: boolean
    }
  | { readonly kind: 'symlink'; readonly target: string }

/** A line of `.holt/versions/log`. */
export interface VersionRecord {
  readonly path: RelPath
  readonly name: VersionName
  /** When it was kept: milliseconds since 1970. */
  readonly keptMs: number
  /** Null for symbolic links and for files whose hash was never known. */
  readonly hash: BlobHash | null
  readonly sizeBytes: number
  readonly reason: string
  /** All that one pass kept shares this text. */
  readonly batch: string
  /** An empty directory that was removed: there are no bytes, only this line. */
  readonly isDirectory: boolean
  /** Null where nobody noted it. */
  readonly taken: Taken | null
}

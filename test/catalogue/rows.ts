/** Looks of files on a disk, for tests of the catalogue. */

import type { Fingerprint } from '../../daemon/ports.ts'

/** One look of a file; another number is another look. */
export function fingerprint(number: number): Fingerprint {
  return `look ${number}` as Fingerprint
}

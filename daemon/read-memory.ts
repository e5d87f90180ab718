/**
 * Memory that files are read into. Where it begins matters: memory of some size begins 16 bytes behind the beginning of a page, and
 * processors copy six times slower to a place that is that little ahead of where they copy from, page by page, than anywhere else.
 */

/** Far from the beginning of a page, and from its end. */
const AHEAD_BYTES = 2048

/** Fast to read pages of a file into. Its content is whatever was there. */
export function memoryForReading(bytes: number): Buffer {
  return Buffer.allocUnsafeSlow(AHEAD_BYTES + bytes).subarray(AHEAD_BYTES)
}

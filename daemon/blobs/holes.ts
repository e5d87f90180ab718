/** Zeros are left out where nothing was ever written: so a sparse file stays sparse, and takes no more room here than there. */

/** What is left out at a time: a multiple of what file systems keep holes in. */
const BLOCK_BYTES = 64 * 1024
const ZEROS = Buffer.alloc(BLOCK_BYTES)

/** Parts of some bytes that have to be written, in order: whole blocks of zeros are left out. Blocks are counted from the beginning. */
export function* withoutHoles(bytes: Uint8Array): Generator<{ readonly at: number; readonly end: number }> {
  let from = 0
  for (let at = 0; at + BLOCK_BYTES <= bytes.length; at += BLOCK_BYTES) {
    if (!isZero(bytes, at)) continue
    if (from < at) yield { at: from, end: at }
    from = at + BLOCK_BYTES
  }
  if (from < bytes.length) yield { at: from, end: bytes.length }
}

/** Most blocks differ in their first bytes, so that little is looked at. */
function isZero(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0 && ZEROS.compare(bytes, at, at + BLOCK_BYTES) === 0
}

/** Pieces that are read into memory. */

/** Fills `into` with what is read, which may stand there already; false where it is not exactly so much. @throws what reading throws */
export async function readInto(pieces: AsyncIterable<Uint8Array>, into: Uint8Array): Promise<boolean> {
  let at = 0
  for await (const piece of pieces) {
    if (at + piece.length > into.length) return false
    if (piece.buffer !== into.buffer) into.set(piece, at)
    at += piece.length
  }
  return at === into.length
}

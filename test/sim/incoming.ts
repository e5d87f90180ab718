/** A blob on its way into a simulated store. */

import type { BlobRef, ChunkList } from '../../protocol/chunks.ts'
import { chunkCount, chunkHash, chunkSize, sameBytes } from '../../protocol/chunks.ts'
import { idBytes } from '../../protocol/ids.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import type { IncomingBlob } from '../../daemon/ports.ts'
import { finishPart, partInode, partPath, writing } from './store.ts'
import type { StoreRoom } from './store.ts'

/** What of a part that is already there fits the list counts as received. */
export async function receiveBlob(room: StoreRoom, blob: BlobRef, chunks: ChunkList | null): Promise<IncomingBlob> {
  const part = partPath(room, blob.hash)
  const isChunk = (chunkNo: number, bytes: Uint8Array): boolean => {
    if (bytes.length !== chunkSize(blob.sizeBytes, chunkNo)) return false
    const expected = chunks === null ? idBytes(blob.hash) : chunkHash(chunks, chunkNo)
    return sameBytes(room.crypto.blake3(bytes), expected)
  }
  const missing = new Set(Array.from({ length: chunkCount(blob.sizeBytes) }, (_, i) => i))
  await writing(room, part, (volume) => {
    const { content } = partInode(volume, room, blob.hash)
    for (const no of [...missing]) {
      if (isChunk(no, content.subarray(no * CHUNK_BYTES, (no + 1) * CHUNK_BYTES))) missing.delete(no)
    }
  })
  return {
    blob,
    missing: () => [...missing],
    async write(chunkNo, bytes) {
      if (!isChunk(chunkNo, bytes)) return 'wrong'
      const copy = bytes.slice()
      const put = (): Promise<void> =>
        writing(
          room,
          part,
          (volume) => volume.write(part, partInode(volume, room, blob.hash), chunkNo * CHUNK_BYTES, copy),
          copy.length,
        )
      await put()
      missing.delete(chunkNo)
      return 'written'
    },
    async commit() {
      const isWhole = await writing(room, part, (volume) => {
        const { content } = partInode(volume, room, blob.hash)
        const fits = content.length === blob.sizeBytes && sameBytes(room.crypto.blake3(content), idBytes(blob.hash))
        if (!fits) volume.unlink(part)
        return fits
      })
      return isWhole ? finishPart(room, blob.hash) : 'wrong'
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

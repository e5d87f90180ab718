/**
 * Memory of large frames, which is used again: made anew for each of them, it would keep the collector busy with all that
 * the daemon holds. It is only lent to the list; the collector takes what nobody asks for.
 */

/** Large frames have memory of one size each, a multiple of this. */
const SLAB_BYTES = 64 * 1024
/** Smaller frames are left to the heap. */
const RECYCLED_BYTES_MIN = 8 * SLAB_BYTES
const RECYCLED_MAX = 8

/** Of all streams of the process. */
const free: WeakRef<ArrayBufferLike>[] = []

/** So many bytes, of any content. */
export function takeFrame(length: number): Uint8Array {
  if (length < RECYCLED_BYTES_MIN) return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
  const bytes = Math.ceil(length / SLAB_BYTES) * SLAB_BYTES
  return new Uint8Array(reused(bytes) ?? Buffer.allocUnsafeSlow(bytes).buffer, 0, length)
}

function reused(bytes: number): ArrayBufferLike | undefined {
  for (let looks = free.length; looks > 0; looks -= 1) {
    const reference = free.shift()
    const memory = reference?.deref()
    if (memory?.byteLength === bytes) return memory
    if (reference !== undefined && memory !== undefined) free.push(reference)
  }
  return undefined
}

/** Whoever gives a frame back no longer looks at it. */
export function giveFrame({ buffer }: Uint8Array): void {
  if (buffer.byteLength < RECYCLED_BYTES_MIN) return
  if (free.length === RECYCLED_MAX) free.shift()
  free.push(new WeakRef(buffer))
}

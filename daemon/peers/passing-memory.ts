/**
 * Memory that passes through, such as what a socket reads. It dies young, but V8 counts it against the old generation, whose
 * limit is kept low (`daemon/heap.ts`): a GiB that came would have everything that the daemon holds collected a hundred times, for
 * half of the time that it takes. To collect the young generation now and then takes half a millisecond, and frees it.
 */

/** Less than the old generation may grow by. */
const COLLECTED_BYTES = 4 * 1024 * 1024

let passedBytes = 0

/** Counts bytes in buffers that are let go of soon. Only a process that was given `--expose-gc` collects them. */
export function passed(bytes: number): void {
  passedBytes += bytes
  if (passedBytes < COLLECTED_BYTES) return
  passedBytes = 0
  globalThis.gc?.({ type: 'minor' })
}

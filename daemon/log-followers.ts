/** Readers of a running log, each with a bounded queue of its own. */

import type { AbortOptions } from './ports.ts'

/** Lines that a slow reader may be behind before it misses some. */
const BEHIND_LINES_MAX = 1024

export interface Followers {
  push(line: string): void
  /** Ends when the signal aborts. */
  follow(o: AbortOptions): AsyncIterable<string>
}

interface Reader {
  lines: string[]
  skipped: number
  wake: () => void
}

export function createFollowers(): Followers {
  const readers = new Set<Reader>()
  return {
    push: (line) => {
      for (const reader of readers) {
        if (reader.lines.length >= BEHIND_LINES_MAX) reader.skipped += 1
        else reader.lines.push(line)
        reader.wake()
      }
    },
    follow: (o) => follow(readers, o),
  }
}

/** Subscribes when it is called, not when it is first read, so that no line is missed between the two. */
function follow(readers: Set<Reader>, { signal }: AbortOptions): AsyncIterable<string> {
  const reader: Reader = { lines: [], skipped: 0, wake: () => undefined }
  if (!signal.aborted) readers.add(reader)
  const leave = (): void => {
    readers.delete(reader)
    reader.wake()
  }
  signal.addEventListener('abort', leave, { once: true })
  return {
    async *[Symbol.asyncIterator]() {
      try {
        // Whoever stops listening is no reader any more; what it had not read is dropped.
        while (readers.has(reader)) {
          yield* take(reader)
          if (reader.lines.length === 0 && readers.has(reader))
            await new Promise<void>((resolve) => (reader.wake = resolve))
        }
      } finally {
        signal.removeEventListener('abort', leave)
        readers.delete(reader)
      }
    },
  }
}

function take(reader: Reader): string[] {
  const { lines, skipped } = reader
  reader.lines = []
  reader.skipped = 0
  return skipped === 0 ? lines : [...lines, JSON.stringify({ event: 'log.skipped', lines: skipped })]
}

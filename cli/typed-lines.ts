/** Lines that a person types, or that a pipe brings. */

import { createInterface } from 'node:readline'
import type { Input } from './world.ts'

/** Ends at the end of the input. Disposing it lets go of the input. */
export interface TypedLines extends Disposable, AsyncIterable<string> {}

/** The terminal keeps its own line editing: Ctrl-C stays a signal. */
export function readLines(input: Input, signal: AbortSignal): TypedLines {
  const lines = createInterface({ input, terminal: false, signal })
  return {
    [Symbol.asyncIterator]: () => lines[Symbol.asyncIterator](),
    [Symbol.dispose]: () => {
      lines.close()
      input.pause()
    },
  }
}

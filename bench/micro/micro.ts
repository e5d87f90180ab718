/** A part of the daemon by itself: how much of its work it does in a second. */

export type MicroUnit = 'files' | 'MiB' | 'entries' | 'segments' | 'paths'

export interface Micro {
  readonly unit: MicroUnit
  /** @param directory of its own, empty, on the disk */
  open(directory: string): Promise<Prepared>
}

export interface Prepared extends AsyncDisposable {
  /** @returns how much was done */
  round(): Promise<number>
}

export const NOT_STOPPED = { signal: new AbortController().signal }

/** One that has nothing to put away. */
export function prepared(round: () => number | Promise<number>): Prepared {
  return { round: async () => await round(), [Symbol.asyncDispose]: () => Promise.resolve() }
}

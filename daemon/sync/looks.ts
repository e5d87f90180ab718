/** Full looks through a folder that somebody asked for: who asks while one goes on is told of the next, which sees what was there before. */

import type { AbortOptions } from '../ports.ts'
import type { Folder, Halt } from './folder.ts'
import type { ObserveOutcome } from './observe.ts'

/** A look through a folder, or a part of it, that is over. */
export interface Look {
  readonly isFull: boolean
  /** That were looked at, and what they hold together. */
  readonly files: number
  readonly bytes: number
  readonly changed: number
  /** Paths that cannot follow for now. */
  readonly problems: number
  readonly tookMs: number
  /** Set when the folder must stop. */
  readonly halt: Halt | null
}

/** The folder stopped before it was looked through. */
export class LookEnded extends Error {
  override readonly name = 'LookEnded'
}

export interface Looks {
  readonly isAsked: boolean
  /** All who ask before the next look begins wait for that one. @throws LookEnded, the signal's reason */
  next(o: AbortOptions): Promise<Look>
  /** The look that is asked for begins. */
  begin(): void
  /** It is over. */
  settle(look: Look): void
  /** The folder stops. */
  end(): void
}

export function createLooks(): Looks {
  let asked: PromiseWithResolvers<Look> | undefined
  let current: PromiseWithResolvers<Look> | undefined
  const promised = (): PromiseWithResolvers<Look> => {
    const made = Promise.withResolvers<Look>()
    // Who asked may have gone.
    made.promise.catch(() => undefined)
    return made
  }
  return {
    get isAsked() {
      return asked !== undefined
    },
    next: ({ signal }) => orAborted((asked ??= promised()).promise, signal),
    begin: () => {
      current = asked
      asked = undefined
    },
    settle: (look) => {
      current?.resolve(look)
      current = undefined
    },
    end: () => {
      for (const each of [asked, current])
        each?.reject(new LookEnded('the folder stopped before it was looked through'))
      asked = undefined
      current = undefined
    },
  }
}

/** What a pass over the disk comes to. */
export function toLook(
  { problems, failures }: Pick<Folder, 'problems' | 'failures'>,
  { files, bytes, changes, halt }: ObserveOutcome,
  { isFull, tookMs }: Pick<Look, 'isFull' | 'tookMs'>,
): Look {
  const inDirectories = [...problems.values()].reduce((sum, list) => sum + list.length, 0)
  return { isFull, files, bytes, changed: changes, problems: inDirectories + failures.size, tookMs, halt }
}

async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => aborted.reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

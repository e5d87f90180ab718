/** The hash of a part while it arrives: threads read its beginning without a gap, behind whoever writes it. */

import { randomUUID } from 'node:crypto'
import type { BlobHash } from '../../protocol/ids.ts'
import type { Threads } from '../threads-port.ts'
import type { HashPartJob, HashedPart } from './hash-part.ts'

const MIB = 1024 * 1024
/** What is hashed at a time: so little that others have their turn, unless so long ago was the last time. */
const STEP_MIN_BYTES = 8 * MIB
const STEP_MAX_BYTES = 64 * MIB
/** Threads with nothing to do end, and with them what they keep. */
const STEP_MS = 20_000

export class PartHash {
  readonly #threads: Threads
  readonly #part: string
  readonly #name = randomUUID()
  readonly #ending = new AbortController()
  #reached = 0
  #hashed = 0
  #steppedMs = performance.now()
  /** What is hashed now. */
  #step: Promise<void> | undefined
  /** All of it is hashed at the end. */
  #isLost = false

  constructor(threads: Threads, part: string) {
    this.#threads = threads
    this.#part = part
  }

  /** So many bytes of the beginning are there and will not change. */
  reached(bytes: number): void {
    this.#reached = bytes
    const ahead = bytes - this.#hashed
    const isDue = ahead >= STEP_MIN_BYTES || (ahead > 0 && performance.now() - this.#steppedMs >= STEP_MS)
    if (!isDue || this.#step !== undefined || this.#isLost) return
    this.#step = this.#hashMore()
  }

  /** Of all that was reached. @throws what the disk or the threads throw; an error of code `EIO` where the part has become shorter */
  async digest(): Promise<BlobHash> {
    while (this.#step !== undefined) await this.#step
    const hashed = await this.#run(this.#reached, true)
    if (hashed.kind === 'whole') return hashed.hash
    throw Object.assign(new Error('the part has become shorter'), { code: 'EIO', syscall: 'read' })
  }

  /** Resolves when nothing is hashed any more. */
  async end(): Promise<void> {
    this.#ending.abort(new Error('the part was closed'))
    while (this.#step !== undefined) await this.#step
  }

  async #hashMore(): Promise<void> {
    const to = Math.min(this.#reached, this.#hashed + STEP_MAX_BYTES)
    try {
      const { kind } = await this.#run(to, false)
      if (kind === 'goes-on') this.#hashed = to
      else this.#isLost = true
    } catch {
      // What cannot be read now is read again at the end, which then says why not.
      this.#isLost = true
    } finally {
      this.#step = undefined
      this.#steppedMs = performance.now()
    }
    if (!this.#ending.signal.aborted) this.reached(this.#reached)
  }

  #run(to: number, isEnd: boolean): Promise<HashedPart> {
    const about = { part: this.#part, name: this.#name, from: this.#isLost ? 0 : this.#hashed }
    const o = { signal: this.#ending.signal, near: this.#name, isSettled: true }
    const job: HashPartJob = { kind: 'hash-part', ...about, to, isEnd }
    return this.#threads.run(job, o)
  }
}

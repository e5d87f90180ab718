/** A small state file that is written whole, as often as what it tells changes. Only for people: what cannot be written is lost. */

import type { Log, StateFiles } from '../ports.ts'

export interface KeptTextOptions {
  readonly state: StateFiles
  readonly log: Log
  /** The name of the file. */
  readonly file: string
  /** All of it, as it is now. */
  readonly text: () => string
}

export class KeptText implements AsyncDisposable {
  readonly #o: KeptTextOptions
  #writing: Promise<void> | undefined
  #isChanged = false

  constructor(o: KeptTextOptions) {
    this.#o = o
  }

  /** One write at a time, and one more for all that changed meanwhile. */
  save(): void {
    this.#isChanged = true
    this.#writing ??= this.#write()
  }

  /** Resolves when all that was to be saved is on the disk, or could not be. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing
  }

  async #write(): Promise<void> {
    const { state, log, file, text } = this.#o
    while (this.#isChanged) {
      this.#isChanged = false
      try {
        await state.write(file, new TextEncoder().encode(text()))
      } catch (cause) {
        log.event(`${file}.failed`, { cause: String(cause) })
      }
    }
    // In the same breath as the last look: what changes from now on begins another write.
    this.#writing = undefined
  }
}

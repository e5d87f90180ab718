/**
 * Keeps a copy of the group log in the root of every folder that is held here, and learns from the copies: where the state of
 * this device was restored from an older one, a root may know more.
 */

import { ProtocolError } from '../../protocol/errors.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import type { FolderId, GroupId } from '../../protocol/ids.ts'
import type { GroupGraph } from '../core/group-graph.ts'
import type { Log } from '../ports.ts'
import { decodeGroupLog, encodeGroupLog } from '../sync/group-file.ts'
import type { GroupLog } from '../sync/group-log.ts'

/** The copies in a root, as bytes that anybody may have written. */
export interface CopyStore {
  write(root: string, folder: FolderId, group: GroupId, bytes: Uint8Array): Promise<boolean>
  read(root: string): Promise<Uint8Array[]>
}

export interface GroupCopiesParts {
  readonly log: GroupLog
  readonly store: CopyStore
  readonly crypto: Crypto
  readonly events: Log
  readonly roots: () => readonly { readonly id: FolderId; readonly path: string }[]
}

export class GroupCopies implements AsyncDisposable {
  readonly #parts: GroupCopiesParts
  /** The heads that the copy in each root has. */
  readonly #written = new Map<string, string>()
  #isDue = false
  #isEnded = false
  #work: Promise<void> | undefined

  constructor(parts: GroupCopiesParts) {
    this.#parts = parts
  }

  /** The log or the folders may have changed, or a root may be back. Costs nothing where every copy is new. */
  touch(): void {
    if (this.#isEnded) return
    this.#isDue = true
    this.#work ??= this.#run()
  }

  /** Resolves when nothing is written any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true
    await this.#work
  }

  async #run(): Promise<void> {
    while (this.#isDue && !this.#isEnded) {
      this.#isDue = false
      await Promise.all(this.#parts.roots().map(({ id, path }) => this.#keep(id, path)))
    }
    // In the same breath as the last look: what changes from now on begins another round.
    this.#work = undefined
  }

  async #keep(folder: FolderId, root: string): Promise<void> {
    const { log, store, events } = this.#parts
    if (this.#written.get(root) === headsOf(log)) return
    try {
      if (!this.#written.has(root)) await this.#learn(root)
      const heads = headsOf(log)
      if (await store.write(root, folder, log.groupId, encodeGroupLog(log.ops))) this.#written.set(root, heads)
    } catch (cause) {
      // A full or read-only disk: it is tried again with the next change.
      events.event('group.copy-failed', { folder, cause: String(cause) })
    }
  }

  async #learn(root: string): Promise<void> {
    const { log, store, crypto, events } = this.#parts
    const copies = readCopies(await store.read(root), crypto)
    const own = copies.find(({ genesis }) => genesis.group === log.groupId)
    const unknown = own?.order.filter(({ hash }) => !log.has(hash)) ?? []
    if (unknown.length === 0) return
    try {
      await log.merge(unknown.map(({ signed }) => signed))
      events.event('group.learnt-from-copy', { operations: unknown.length })
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause
      events.event('group.copy-refused', { cause: cause.message })
    }
  }
}

function headsOf({ groupId, state }: GroupLog): string {
  return `${groupId} ${state.heads.join()}`
}

/** Those of them that are whole logs. */
export function readCopies(copies: readonly Uint8Array[], crypto: Crypto): GroupGraph[] {
  return copies.flatMap((bytes) => {
    try {
      return [decodeGroupLog(bytes, crypto)]
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause
      return []
    }
  })
}

/** One side of a folder that takes the heads and segments of another device, as a test gives them to it. */

import assert from 'node:assert/strict'
import { openCatalogue } from '../../daemon/catalogue/catalogue.ts'
import type { PeerPosition } from '../../daemon/catalogue-port.ts'
import { createNativeCrypto } from '../../daemon/native-crypto.ts'
import type { HeadOutcome } from '../../daemon/sync/manifests.ts'
import { acceptHead, acceptSegments } from '../../daemon/sync/manifests.ts'
import type { Signed } from '../../protocol/crypto.ts'
import { FOLDER, ScriptedLog, signerFrom } from './scripted-log.ts'

const crypto = createNativeCrypto()
export const [ANNA, BEN, CLEO] = [signerFrom(1), signerFrom(2), signerFrom(3)]
const MEMBERS = new Set([ANNA, BEN, CLEO].map(({ device }) => device))

/** Anna's side of a folder, and what she knows of Ben. */
export class Receiver implements Disposable {
  readonly events: string[] = []
  readonly #catalogue = openCatalogue({ file: ':memory:', self: ANNA.device, crypto })
  readonly #folder

  constructor() {
    const never = (): never => assert.fail('neither clock, chance nor disk has a say in this')
    this.#folder = {
      id: FOLDER,
      deps: {
        catalogue: this.#catalogue,
        crypto,
        signer: ANNA,
        log: { event: (name: string) => void this.events.push(name) },
        clock: { wallMs: never, monotonicMs: never, sleep: never },
        random: { bytes: never },
        state: { read: never, write: never, remove: never, list: never },
      },
    }
  }

  head(head: Signed, mayAsk = true): HeadOutcome {
    return acceptHead(this.#folder, BEN.device, head, { mayAsk })
  }

  segments(segments: readonly Signed[], head: Signed): boolean {
    return acceptSegments(this.#folder, BEN.device, segments, head, (device) => MEMBERS.has(device))
  }

  /** Takes all of a log. */
  follow(log: ScriptedLog): void {
    this.head(log.head())
    this.segments(log.segments, log.head())
    assert.deepEqual(this.head(log.head()), { kind: 'complete', position: { epoch: log.epoch, seq: log.lastSeq } })
  }

  get position(): PeerPosition | undefined {
    return this.#catalogue.read((tx) => tx.peerPosition(FOLDER, BEN.device))
  }

  /** Everything that Ben is known to say: path and counter. */
  get says(): string[] {
    const entries = this.#catalogue.read((tx) => tx.entriesHeldBy(FOLDER, BEN.device, null, 1000))
    return entries.map(({ path, version }) => `${path} ${version.map(([, counter]) => counter).join()}`)
  }

  /** Does something that must throw and change nothing. */
  refuses(act: () => unknown, code: string, why: string): void {
    const before = { position: this.position, says: this.says }
    assert.throws(act, { name: 'ProtocolError', code }, why)
    assert.deepEqual({ position: this.position, says: this.says }, before, why)
  }

  [Symbol.dispose](): void {
    this.#catalogue[Symbol.dispose]()
  }
}

export function logOf(...segments: readonly (readonly string[])[]): ScriptedLog {
  const log = new ScriptedLog(BEN)
  for (const names of segments) log.add(...names)
  return log
}

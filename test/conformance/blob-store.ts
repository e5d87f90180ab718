/** What every `BlobStore` keeps to. The one on the disk and the simulated one both run this. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe } from 'node:test'
import type { OpenedStore } from './blob-store-bench.ts'
import { StoreBench } from './blob-store-bench.ts'
import { describeReceiving } from './blob-store-receive.ts'
import { describeWhole } from './blob-store-whole.ts'

/** @param open A new empty store. The suite disposes it. */
export function describeBlobStore(name: string, open: () => Promise<OpenedStore>): void {
  describe(`BlobStore: ${name}`, () => {
    const context: { current?: StoreBench } = {}
    const bench = (): StoreBench => {
      assert.ok(context.current)
      return context.current
    }
    beforeEach(async () => void (context.current = new StoreBench(await open())))
    afterEach(() => bench().opened[Symbol.asyncDispose]())

    describeWhole(bench)
    describeReceiving(bench)
  })
}

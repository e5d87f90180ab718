/** What every `FileTree` keeps to. The one on the disk and the simulated one both run this. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe } from 'node:test'
import type { OpenedTree } from './file-tree-bench.ts'
import { TreeBench } from './file-tree-bench.ts'
import {
  describeDirectories,
  describeMoves,
  describeOrder,
  describePlacing,
  describeTouching,
} from './file-tree-change.ts'
import { describeDelta } from './file-tree-delta.ts'
import { describeRecovery, describeVersions } from './file-tree-keep.ts'
import { describeHashing, describeReading, describeRoot, describeScanning, describeWatching } from './file-tree-read.ts'

/** @param open A new empty root. The suite disposes it. */
export function describeFileTree(name: string, open: () => Promise<OpenedTree>): void {
  describe(`FileTree: ${name}`, () => {
    const context: { current?: TreeBench } = {}
    const bench = (): TreeBench => {
      assert.ok(context.current)
      return context.current
    }
    beforeEach(async () => void (context.current = new TreeBench(await open())))
    afterEach(() => bench().opened[Symbol.asyncDispose]())

    for (const part of [
      describeRoot,
      describeScanning,
      describeHashing,
      describeReading,
      describeDelta,
      describeWatching,
      describePlacing,
      describeTouching,
      describeMoves,
      describeDirectories,
      describeOrder,
      describeVersions,
      describeRecovery,
    ]) {
      part(bench)
    }
  })
}

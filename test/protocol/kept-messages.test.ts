/** What devices say of what they keep. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { encode } from '../../protocol/codec.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { deviceIdOf, folderIdOf, parseBlobHash } from '../../protocol/ids.ts'
import type { KeptAnswer, KeptQuestion } from '../../protocol/kept-messages.ts'
import {
  decodeKeptAnswer,
  decodeKeptQuestion,
  encodeKeptAnswer,
  encodeKeptQuestion,
} from '../../protocol/kept-messages.ts'
import { KEPT_ITEMS_MAX } from '../../protocol/limits.ts'
import { ROOT, parseRelPath } from '../../protocol/path.ts'
import { scaled } from '../scale.ts'

const folder = folderIdOf(new Uint8Array(16).fill(7))
const by = deviceIdOf(new Uint8Array(32).fill(1))
const range = { by, first: 1_790_000_000, last: 1_790_000_100 }
const path = parseRelPath('a/ü.jpg')
const RUNS = { numRuns: scaled({ small: 200, full: 20_000 }) }

const QUESTIONS: readonly KeptQuestion[] = [
  { kind: 'steps', folder },
  { kind: 'undo', folder, range, isDryRun: true },
  { kind: 'versions', folder, path: ROOT, isRecursive: true },
  { kind: 'versions', folder, path, isRecursive: false },
  { kind: 'restore', folder, path, atMs: null },
  { kind: 'restore', folder, path, atMs: 1_790_000_000_123 },
]

const version = { path, keptMs: 5, sizeBytes: 6, reason: 'conflict', isDirectory: false }
const ANSWERS: readonly KeptAnswer[] = [
  { kind: 'steps', steps: [{ range, keptMs: 5, deleted: 1, replaced: 2, isUndo: false }] },
  {
    kind: 'versions',
    versions: [
      { ...version, hash: parseBlobHash('ab'.repeat(32)), step: 'x', by, isDeleted: true },
      { ...version, hash: null, step: null, by: null, isDeleted: null },
    ],
  },
  {
    kind: 'brought',
    paths: (['back', 'replaced', 'already', 'changed', 'failed'] as const).map((kind) => ({
      ...{ path, kind, sizeBytes: 3 },
      sentence: kind === 'failed' ? 'The disk is full.' : null,
    })),
  },
  { kind: 'done' },
  { kind: 'refused', sentence: 'Not now.' },
]

describe('what is asked and answered of kept versions', () => {
  it('is read as it was written', () => {
    for (const question of QUESTIONS) assert.deepEqual(decodeKeptQuestion(encodeKeptQuestion(question)), question)
    for (const answer of ANSWERS) assert.deepEqual(decodeKeptAnswer(encodeKeptAnswer(answer)), answer)
  })

  it('is a fault of the other side where it is anything else', () => {
    const isRefused = (decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void => {
      try {
        decode(bytes)
      } catch (cause) {
        assert.ok(cause instanceof ProtocolError, String(cause))
      }
    }
    const spoilt = fc
      .record({ no: fc.nat(), at: fc.nat(), byte: fc.nat(255) })
      .map(({ no, at, byte }) => ({ no, at, byte }))
    fc.assert(
      fc.property(spoilt, ({ no, at, byte }) => {
        const frames = [...QUESTIONS.map(encodeKeptQuestion), ...ANSWERS.map(encodeKeptAnswer)]
        const frame = frames[no % frames.length]?.slice() ?? new Uint8Array()
        frame[at % frame.length] = byte
        isRefused(decodeKeptQuestion, frame)
        isRefused(decodeKeptAnswer, frame)
      }),
      RUNS,
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => isRefused(decodeKeptAnswer, bytes)),
      RUNS,
    )
  })

  it('has no path that leaves the folder, and no more of anything than one frame may have', () => {
    const folderBytes = new Uint8Array(16).fill(7)
    for (const bad of ['../x', '/x', '.holt/versions/log', 'a//b']) {
      assert.throws(() => decodeKeptQuestion(encode([3, folderBytes, bad, null])), ProtocolError)
      assert.throws(() => decodeKeptAnswer(encode([2, [[bad, 0, null, 1]]])), ProtocolError)
    }
    const many = Array.from({ length: KEPT_ITEMS_MAX + 1 }, () => [path, 0, null, 1])
    assert.throws(() => decodeKeptAnswer(encode([2, many])), ProtocolError)
    assert.equal(decodeKeptAnswer(encode([2, many.slice(1)])).kind, 'brought')
    assert.throws(() => decodeKeptQuestion(encode([4, folderBytes])), { code: 'unknown-version' })
  })
})

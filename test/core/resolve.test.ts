/** Resolving one path, over whatever several devices did to it and heard of each other. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { conflictPath, originalOf } from '../../daemon/core/conflict.ts'
import { bumpedJoin, resolve } from '../../daemon/core/resolve.ts'
import { createNativeCrypto, createSigner } from '../../daemon/native-crypto.ts'
import type { Content, Entry } from '../../protocol/entry.ts'
import { sameContent } from '../../protocol/entry.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { blobHashOf } from '../../protocol/ids.ts'
import { PATH_COMPONENT_BYTES_MAX } from '../../protocol/limits.ts'
import type { RelPath } from '../../protocol/path.ts'
import { nameOf, parseRelPath } from '../../protocol/path.ts'
import { EMPTY_VECTOR, compareVectors } from '../../protocol/vector.ts'
import { scaled } from '../scale.ts'

const crypto = createNativeCrypto()
const DEVICES = [1, 2, 3, 4].map((n) => createSigner(new Uint8Array(32).fill(n)).device)
const PATH = parseRelPath('a/note.txt')
const ROUNDS_MAX = 12
const numRuns = scaled({ small: 400, full: 10_000 })

const index = fc.nat(DEVICES.length - 1)
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('write' as const), at: index, mtimeMs: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), at: index, mtimeMs: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('mkdir' as const), at: index, mtimeMs: fc.nat(5) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('hear' as const), at: index, of: index }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** One path as some devices have it. */
class Path {
  readonly own = new Map<DeviceId, Entry>()
  readonly known = new Map<DeviceId, Map<DeviceId, Entry>>(DEVICES.map((device) => [device, new Map()]))
  /** Conflict copies that somebody made, by the hash of their bytes. */
  readonly copies = new Map<string, Set<RelPath | undefined>>()
  /** Bytes that were written and that nobody replaced or deleted who saw them. */
  readonly kept = new Set<string>()
  #seconds = 1_700_000_000
  #written = 0

  take(each: Step): void {
    const device = at(each.at)
    if (each.kind === 'hear') this.hear(device, at(each.of))
    else this.edit(device, this.#contentOf(each.kind), each.mtimeMs)
  }

  #contentOf(kind: 'write' | 'delete' | 'mkdir'): Content {
    if (kind === 'delete') return { kind: 'deleted' }
    if (kind === 'mkdir') return { kind: 'directory' }
    this.#written += 1
    const hash = blobHashOf(crypto.blake3(Uint8Array.of(this.#written)))
    return { kind: 'file', hash, sizeBytes: 1, chunks: null, executable: false }
  }

  edit(device: DeviceId, content: Content, mtimeMs: number): void {
    const before = this.own.get(device)
    if (before?.content.kind === 'file') this.kept.delete(before.content.hash)
    if (content.kind === 'file') this.kept.add(content.hash)
    const version = bumpedJoin(before === undefined ? [] : [before], this.#resolver(device))
    this.own.set(device, {
      ...{ path: PATH, content, mtimeMs, version, modBy: device, t: 1000 + mtimeMs },
      ...{ isConflictCopy: false, isHeld: true, extra: [] },
    })
  }

  hear(device: DeviceId, other: DeviceId): boolean {
    const said = this.own.get(other)
    if (device === other || said === undefined) return false
    this.known.get(device)?.set(other, said)
    const verdict = resolve(this.own.get(device), [...(this.known.get(device)?.values() ?? [])], this.#resolver(device))
    if (verdict.kind === 'nothing') return false
    this.own.set(device, verdict.entry)
    if (verdict.kind === 'settle') for (const loser of verdict.losers) this.#copy(loser)
    return true
  }

  #copy(loser: Entry): void {
    const { content } = loser
    if (content.kind !== 'file') return
    const paths = this.copies.get(content.hash) ?? new Set()
    this.copies.set(content.hash, paths.add(conflictPath(PATH, loser, crypto)))
  }

  #resolver(self: DeviceId): { self: DeviceId; unixSeconds: number } {
    this.#seconds += 1
    return { self, unixSeconds: this.#seconds }
  }
}

function at(no: number): DeviceId {
  return DEVICES[no] ?? assert.fail('no such device')
}

/** Everybody hears everybody until nothing changes any more. */
function gossip(path: Path): number {
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    const changes = DEVICES.flatMap((device) => DEVICES.map((other) => path.hear(device, other)))
    if (!changes.some(Boolean)) return round
  }
  return assert.fail('they never come to rest')
}

describe('resolving a path', () => {
  it('ends the same on every device, whatever each did and in whatever order it heard of it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const path = new Path()
        for (const each of steps) path.take(each)
        gossip(path)
        const [first, ...others] = DEVICES.map((device) => path.own.get(device))
        for (const other of others) {
          assert.equal(other === undefined, first === undefined)
          if (first === undefined || other === undefined) continue
          assert.ok(sameContent(first.content, other.content))
          assert.equal(compareVectors(first.version, other.version), 'equal')
          assert.equal(other.mtimeMs, first.mtimeMs)
        }
      }),
      { numRuns },
    )
  })

  it('keeps every content that nobody replaced who saw it, under one name everywhere', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const path = new Path()
        for (const each of steps) path.take(each)
        gossip(path)
        const winner = path.own.get(at(0))?.content
        for (const hash of path.kept) {
          if (winner?.kind === 'file' && winner.hash === hash) continue
          assert.equal(path.copies.get(hash)?.size, 1, 'a content is lost, or has two names')
        }
      }),
      { numRuns },
    )
  })

  it('does not depend on the order in which entries are given', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), fc.nat(), (steps, seed) => {
        const path = new Path()
        for (const each of steps) path.take(each)
        const entries = [...path.own.values()]
        const turned = entries.map((_, i) => entries[(i + seed) % entries.length] ?? assert.fail())
        const resolver = { self: at(0), unixSeconds: 1_800_000_000 }
        assert.deepEqual(byHash(resolve(undefined, turned, resolver)), byHash(resolve(undefined, entries, resolver)))
      }),
      { numRuns },
    )
  })

  it('says nothing when it has been done', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const path = new Path()
        for (const each of steps) path.take(each)
        const [self, ...rest] = DEVICES
        if (self === undefined) return
        const others = rest.flatMap((device) => path.own.get(device) ?? [])
        const resolver = { self, unixSeconds: 1_800_000_000 }
        const verdict = resolve(path.own.get(self), others, resolver)
        if (verdict.kind !== 'nothing') assert.equal(resolve(verdict.entry, others, resolver).kind, 'nothing')
      }),
      { numRuns },
    )
  })

  it('takes no word of an entry that is not held', () => {
    const other: Entry = {
      ...{ path: PATH, content: { kind: 'deleted' }, mtimeMs: 0, version: [[at(1), 5]], modBy: at(1), t: 5 },
      ...{ isConflictCopy: false, isHeld: true, extra: [] },
    }
    const own: Entry = { ...other, content: { kind: 'directory' }, version: [[at(0), 9]], modBy: at(0), isHeld: false }
    const verdict = resolve(own, [other], { self: at(0), unixSeconds: 10 })
    assert.ok(verdict.kind === 'adopt' && verdict.entry.content.kind === 'deleted')
  })
})

/** A verdict with its losers in order. */
function byHash(verdict: ReturnType<typeof resolve>): unknown {
  if (verdict.kind !== 'settle') return verdict
  const key = ({ content }: Entry): string => (content.kind === 'file' ? content.hash : '')
  return { ...verdict, losers: verdict.losers.toSorted((a, b) => (key(a) < key(b) ? -1 : 1)) }
}

describe('the name of a conflict copy', () => {
  const loser = (): Entry => ({
    ...{ path: PATH, content: { kind: 'symlink', target: 'x' }, mtimeMs: 0, version: EMPTY_VECTOR, modBy: at(0) },
    ...{ t: Date.UTC(2026, 10, 21, 14, 30, 5), isConflictCopy: false, isHeld: true, extra: [] },
  })

  it('has the time, the device and the content in it, before the extension', () => {
    const name = conflictPath(PATH, loser(), crypto)
    assert.match(name ?? '', /^a\/note\.conflict-20261121-143005-[0-9A-Za-z]{7}-[0-9a-f]{4}\.txt$/)
  })

  it('fits wherever the original does, and tells the original unless it had to be shortened', () => {
    const names = fc.string({ minLength: 1, maxLength: 80, unit: 'grapheme' }).map((name) => name.replaceAll('/', '_'))
    fc.assert(
      fc.property(names, (name) => {
        const original = asPath(name)
        if (original === undefined || name.includes('.conflict-')) return
        const copy = conflictPath(original, loser(), crypto)
        if (copy === undefined) return
        const bytes = new TextEncoder().encode(nameOf(copy)).length
        assert.ok(bytes <= PATH_COMPONENT_BYTES_MAX)
        if (bytes < PATH_COMPONENT_BYTES_MAX - 4) assert.equal(originalOf(copy), original)
      }),
      { numRuns },
    )
  })

  it('is not given to a copy of a copy of a copy for ever', () => {
    let path: RelPath | undefined = PATH
    let count = 0
    for (; path !== undefined && count < 10; count += 1) path = conflictPath(path, loser(), crypto)
    assert.ok(count < 10)
  })
})

function asPath(text: string): RelPath | undefined {
  try {
    return parseRelPath(text)
  } catch {
    return undefined
  }
}

/** A directory as it is listed, against what this device last made true there. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { OwnLook, OwnRow } from '../../daemon/catalogue-port.ts'
import { compareDirectory, withoutUnchanged } from '../../daemon/core/compare.ts'
import type { Comparison } from '../../daemon/core/compare.ts'
import type { DirectoryListing, DiskEntry, Fingerprint } from '../../daemon/ports.ts'
import type { Content } from '../../protocol/entry.ts'
import { blobHashOf, deviceIdOf } from '../../protocol/ids.ts'
import type { RelPath } from '../../protocol/path.ts'
import { ROOT } from '../../protocol/path.ts'
import { scaled } from '../scale.ts'

const ANNA = deviceIdOf(new Uint8Array(32).fill(1))
const RUNS = scaled({ small: 2000, full: 20_000 })
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'] as const
const CONTENTS: Record<string, Content> = {
  file: { kind: 'file', hash: blobHashOf(new Uint8Array(32)), sizeBytes: 1, chunks: null, executable: false },
  directory: { kind: 'directory' },
  symlink: { kind: 'symlink', target: 'x' },
  deleted: { kind: 'deleted' },
}

/** As a disk gives them: one inode is of one kind for as long as its times are the same, and a directory is only that. */
const lookOf = (kind: string, no: number): Fingerprint =>
  (kind === 'directory' ? (no === 0 ? 'mount' : 'directory') : `${kind}-${no}`) as Fingerprint

const aKind = fc.constantFrom('file', 'directory', 'symlink')
const aNumber = fc.nat(2)

const aRow = fc.record({
  kind: fc.constantFrom('file', 'directory', 'symlink', 'deleted'),
  no: aNumber,
  isThere: fc.boolean(),
  isHeld: fc.boolean(),
  local: fc.option(fc.record({ kind: aKind, no: aNumber, isThere: fc.boolean() }), { freq: 4 }),
})

function toRow(name: string, row: typeof aRow extends fc.Arbitrary<infer T> ? T : never): OwnRow {
  const path = name as RelPath
  const content = CONTENTS[row.kind] ?? { kind: 'deleted' }
  const isThere = row.isThere && row.kind !== 'deleted' && row.isHeld && row.local === null
  const entry = {
    ...{ path, content, mtimeMs: 0, version: [[ANNA, 9]] as const, modBy: ANNA, t: 0, isConflictCopy: false },
    ...{ isHeld: row.isHeld, extra: [] },
  }
  const fingerprint = isThere ? lookOf(row.kind, row.no) : null
  if (row.local === null) return { entry, fingerprint }
  const { kind, no, isThere: isLocalThere } = row.local
  const local = {
    content: CONTENTS[kind] ?? { kind: 'deleted' },
    mtimeMs: 0,
    fingerprint: isLocalThere ? lookOf(kind, no) : null,
    isOnlyHere: false,
    isUnwanted: false,
  }
  return { entry, fingerprint, local }
}

const onDisk = fc.record({ kind: fc.constantFrom('file', 'directory', 'symlink', 'blocked'), no: aNumber })

function toDisk(name: string, { kind, no }: { kind: string; no: number }): DiskEntry {
  const path = name as RelPath
  const fingerprint = lookOf(kind, no)
  if (kind === 'file') return { kind, path, fingerprint, sizeBytes: 1, mtimeMs: 0, executable: false }
  if (kind === 'directory') return { kind, path, fingerprint, mtimeMs: 0, isMount: no === 0 }
  if (kind === 'symlink') return { kind, path, fingerprint, mtimeMs: 0, target: 'x' }
  return { kind: 'blocked', diskName: name, path: no === 0 ? null : path, reason: 'bad-name' }
}

const aDirectory = fc.tuple(
  fc.tuple(...NAMES.map(() => fc.option(aRow))),
  fc.tuple(...NAMES.map(() => fc.option(onDisk))),
  fc.tuple(...NAMES.map(() => fc.boolean())),
)

const toLook = ({ entry, fingerprint, local }: OwnRow): OwnLook => ({
  path: entry.path,
  fingerprint,
  isLive: entry.isHeld && entry.content.kind !== 'deleted',
  hasLocal: local !== undefined,
})

describe('a directory without what nothing touched', () => {
  it('compares as the whole one does', () => {
    fc.assert(
      fc.property(aDirectory, ([rowsAt, diskAt, ignoredAt]) => {
        const rows = NAMES.flatMap((name, i) => (rowsAt[i] == null ? [] : [toRow(name, rowsAt[i])]))
        const entries = NAMES.flatMap((name, i) => (diskAt[i] == null ? [] : [toDisk(name, diskAt[i])]))
        const listing: DirectoryListing = { directory: ROOT, state: 'listed', entries }
        const isIgnored = (path: RelPath): boolean => ignoredAt[NAMES.findIndex((name) => name === path)] === true
        const whole = compareDirectory(listing, rows, isIgnored)
        const rest = withoutUnchanged(listing, rows.map(toLook), isIgnored)
        const asked = rows.filter(({ entry }) => rest.paths.has(entry.path))
        const part = compareDirectory(rest.listing, asked, isIgnored)
        const directories = [...part.directories, ...rest.directories.map((path) => ({ path, isNew: false }))]
        assert.deepEqual(sorted({ ...part, directories }), sorted(whole))
        assert.equal(rest.listing.entries.length + rest.unchanged, entries.length)
      }),
      { numRuns: RUNS },
    )
  })

  it('is empty where nothing has changed, and asks for no row', () => {
    const rows = [...NAMES].map((name, no) =>
      toRow(name, { kind: name === 'a' ? 'directory' : 'file', no, isThere: true, isHeld: true, local: null }),
    )
    const entries = [...NAMES].map((name, no) => toDisk(name, { kind: name === 'a' ? 'directory' : 'file', no }))
    const gone = toRow('gone', { kind: 'deleted', no: 0, isThere: false, isHeld: true, local: null })
    const listing: DirectoryListing = { directory: ROOT, state: 'listed', entries }
    const rest = withoutUnchanged(listing, [...rows, gone].map(toLook), () => false)
    assert.deepEqual([...rest.paths], [])
    assert.deepEqual(rest.listing.entries, [])
    assert.deepEqual([rest.unchanged, rest.directories], [NAMES.length, ['a']])
  })
})

function sorted({ directories, ...comparison }: Comparison): Comparison {
  return { ...comparison, directories: directories.toSorted((a, b) => (a.path < b.path ? -1 : 1)) }
}

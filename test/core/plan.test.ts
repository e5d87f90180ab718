/** The plan of a path with conflict copies, where a person's file has the name of one, so that there is a copy of a copy. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { OwnRow } from '../../daemon/catalogue-port.ts'
import type { LocalFile, Means, Plan, Target } from '../../daemon/core/plan.ts'
import { plan } from '../../daemon/core/plan.ts'
import type { Fingerprint } from '../../daemon/ports.ts'
import type { FileContent } from '../../protocol/entry.ts'
import type { BlobHash } from '../../protocol/ids.ts'
import { FOLDER, at, entryOf, fileOf } from './entries.ts'

const MINE = fileOf('1')
const THEIRS = fileOf('2')
const DIARY = fileOf('3')

const onDisk = (path: string, content: FileContent): OwnRow => ({
  entry: entryOf(path, content),
  fingerprint: `of ${path}` as Fingerprint,
})

/** A path becomes `content`, and is `own` now; its copies with it. */
const becomes = (path: string, content: FileContent, own: OwnRow | undefined, copies: readonly Target[]): Target => ({
  entry: entryOf(path, content, { isConflictCopy: path !== 'x' }),
  own,
  reason: path === 'x' ? 'conflict' : 'conflict-copy',
  copies,
})

const means = (landed: readonly BlobHash[], ...files: readonly OwnRow[]): Means => ({
  landed: new Set(landed),
  localCopy: (hash): LocalFile | undefined => {
    const found = files.find(({ entry }) => entry.content.kind === 'file' && entry.content.hash === hash)
    if (found?.fingerprint == null) return undefined
    return { folder: FOLDER, path: found.entry.path, fingerprint: found.fingerprint }
  },
})

const shown = ({ steps }: Plan): string[] =>
  steps.map(({ entry, action, wave }) => {
    const from = action.kind === 'rename' ? ` ${action.from}` : action.kind === 'copy' ? ` ${action.from.path}` : ''
    return `${wave}: ${entry.path} by ${action.kind}${from}`
  })

describe('the plan of a path whose conflict copy needs a copy', () => {
  const diary = onDisk('x.copy', DIARY)

  it('waits as a whole for the bytes of the innermost copy', () => {
    const inner = becomes('x.copy.copy', THEIRS, undefined, [])
    const target = becomes('x', MINE, onDisk('x', MINE), [becomes('x.copy', DIARY, diary, [inner])])
    const { steps, wants } = plan([target], means([]))
    assert.deepEqual(steps, [])
    assert.deepEqual(
      wants.map(({ blob, path }) => [blob.hash, path]),
      [[THEIRS.hash, at('x')]],
    )
  })

  it('makes the innermost copy first, then the copy, then the path, each only with those before it', () => {
    const inner = becomes('x.copy.copy', THEIRS, undefined, [])
    const target = becomes('x', MINE, onDisk('x', MINE), [becomes('x.copy', DIARY, diary, [inner])])
    const found = plan([target], means([THEIRS.hash]))
    assert.deepEqual(shown(found), ['0: x.copy.copy by place', '1: x.copy by record', '2: x by record'])
    assert.deepEqual(
      found.steps.map(({ copies }) => copies),
      [[], [at('x.copy.copy')], [at('x.copy')]],
    )
  })

  it("copies this device's own file to the innermost copy before the path is replaced", () => {
    const mine = onDisk('x', MINE)
    const inner = becomes('x.copy.copy', MINE, undefined, [])
    const target = becomes('x', THEIRS, mine, [becomes('x.copy', DIARY, diary, [inner])])
    const found = plan([target], means([THEIRS.hash], mine, diary))
    assert.deepEqual(shown(found), ['0: x.copy.copy by copy x', '1: x.copy by record', '2: x by place'])
  })

  it("moves a person's file aside to the innermost copy before the copy takes its name", () => {
    const mine = onDisk('x', MINE)
    const inner = becomes('x.copy.copy', DIARY, undefined, [])
    const target = becomes('x', THEIRS, mine, [becomes('x.copy', MINE, diary, [inner])])
    const found = plan([target], means([THEIRS.hash], mine, diary))
    assert.deepEqual(shown(found), ['0: x.copy.copy by rename x.copy', '1: x.copy by copy x', '2: x by place'])
    assert.deepEqual(
      found.steps.map(({ isVacated }) => isVacated),
      [false, true, false],
    )
  })

  it('waits also for the file of another device that was never here', () => {
    const mine = onDisk('x', MINE)
    const inner = becomes('x.copy.copy', DIARY, undefined, [])
    const target = becomes('x', THEIRS, mine, [becomes('x.copy', MINE, undefined, [inner])])
    assert.deepEqual(shown(plan([target], means([THEIRS.hash], mine))), [])
    const found = plan([target], means([THEIRS.hash, DIARY.hash], mine))
    assert.deepEqual(shown(found), ['0: x.copy.copy by place', '1: x.copy by copy x', '2: x by place'])
  })
})

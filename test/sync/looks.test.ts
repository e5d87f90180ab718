/** A look through a folder that somebody asks for. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CatalogueReader } from '../../daemon/catalogue-port.ts'
import { hint } from '../../daemon/sync/folder.ts'
import { DEFAULT_PACE } from '../../daemon/sync/folder-loops.ts'
import type { Folder } from '../../daemon/sync/folder.ts'
import type { Look } from '../../daemon/sync/looks.ts'
import { LookEnded, createLooks } from '../../daemon/sync/looks.ts'
import type { FolderBench, Place } from './folder-bench.ts'
import { FOLDER, createFolderBench } from './folder-bench.ts'

const { signal } = new AbortController()

async function openPlace(bench: FolderBench): Promise<{ place: Place; folder: Folder }> {
  const place = bench.place('laptop')
  await bench.until('the first look is over', () => place.daemon.sync.engine.folder(FOLDER)?.isScanned === true)
  const folder = place.daemon.sync.engine.folder(FOLDER)
  assert.ok(folder)
  return { place, folder }
}

function ask(folder: Folder): { readonly answer: () => Look | undefined } {
  let answer: Look | undefined
  folder.looks.next({ signal }).then(
    (look) => (answer = look),
    () => undefined,
  )
  hint(folder, 'all')
  return { answer: () => answer }
}

describe('a look on request', () => {
  it('has seen and recorded what was there when it was asked for', async () => {
    await using bench = createFolderBench(1)
    const { place, folder } = await openPlace(bench)
    place.write('a', 'one')
    place.write('b', 'four')
    const asked = ask(folder)
    await bench.until('it answers', () => asked.answer() !== undefined)
    const { files, bytes, changed, problems, halt, isFull } = asked.answer() ?? assert.fail('no answer')
    assert.deepEqual([files, bytes, changed, problems, halt, isFull], [2, 7, 2, 0, null, true])
    const recorded = folder.deps.catalogue.read((tx) => [...tx.ownChildren(FOLDER, '')].map(({ entry }) => entry.path))
    assert.deepEqual(recorded.sort(), ['a', 'b'])
  })

  it('reads no entry of what nothing touched', async (t) => {
    await using bench = createFolderBench(4)
    const { place, folder } = await openPlace(bench)
    for (let i = 0; i < 30; i += 1) place.write(`f${i}`, 'one')
    const asked = ask(folder)
    await bench.until('it answers', () => asked.answer() !== undefined)
    const read: string[] = []
    const { catalogue } = folder.deps
    const before = catalogue.read.bind(catalogue)
    t.mock.method(catalogue, 'read', <T>(body: (tx: CatalogueReader) => T): T =>
      before((tx) =>
        body({
          ...tx,
          own: (id, path) => {
            read.push(path)
            return tx.own(id, path)
          },
          ownChildren: (id, directory) => {
            read.push(...tx.ownChildren(id, directory).map(({ entry }) => entry.path))
            return tx.ownChildren(id, directory)
          },
        }),
      ),
    )
    const again = ask(folder)
    await bench.until('it answers again', () => again.answer() !== undefined)
    assert.deepEqual(read, [])
    place.write('f7', 'two')
    const third = ask(folder)
    await bench.until('it has seen the change', () => third.answer() !== undefined)
    assert.deepEqual([third.answer()?.changed, new Set(read)], [1, new Set(['f7'])])
  })

  it('does not wait for hints to gather', async () => {
    await using bench = createFolderBench(2)
    const { folder } = await openPlace(bench)
    await bench.world.runFor(DEFAULT_PACE.retryMs / 2)
    const asked = ask(folder)
    await bench.world.runFor(DEFAULT_PACE.debounceMs / 2)
    assert.ok(asked.answer())
  })

  it('that is asked for while another goes on is the next one', async () => {
    const looks = createLooks()
    const ended: string[] = []
    const next = (name: string): void => void looks.next({ signal }).then(() => ended.push(name))
    next('first')
    looks.begin()
    next('second')
    looks.settle(LOOK)
    await settled()
    assert.deepEqual([ended, looks.isAsked], [['first'], true])
    looks.begin()
    looks.settle(LOOK)
    await settled()
    assert.deepEqual(ended, ['first', 'second'])
  })

  it('ends with the folder', async () => {
    const looks = createLooks()
    const going = looks.next({ signal })
    looks.begin()
    const waiting = looks.next({ signal })
    looks.end()
    await assert.rejects(going, LookEnded)
    await assert.rejects(waiting, LookEnded)
  })

  it('lets go of who waits no longer', async () => {
    const gone = new AbortController()
    const answer = createLooks().next({ signal: gone.signal })
    gone.abort(new Error('the client has gone'))
    await assert.rejects(answer, /the client has gone/)
  })
})

const LOOK: Look = { isFull: true, files: 0, bytes: 0, changed: 0, problems: 0, tookMs: 0, halt: null }

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

/** What a simulated device would tell a person of its folder: the real service over the simulated engine. */

import assert from 'node:assert/strict'
import { Notes } from '../../daemon/service/notes.ts'
import { listEntries } from '../../daemon/service/entries.ts'
import { toFolderView } from '../../daemon/service/folder-view.ts'
import type { ServiceParts } from '../../daemon/service/parts.ts'
import { heldFolderOf } from '../../daemon/service/refs.ts'
import { Uploads } from '../../daemon/service/uploads.ts'
import { explainPath } from '../../daemon/service/why.ts'
import type { EntriesQuery, Entry } from '../../protocol/api/entries.ts'
import { zEntryPage } from '../../protocol/api/entries.ts'
import type { Folder as FolderView } from '../../protocol/api/folders.ts'
import { zFolder } from '../../protocol/api/folders.ts'
import type { Why } from '../../protocol/api/why.ts'
import { zWhy } from '../../protocol/api/why.ts'
import { createNativeCrypto } from '../../daemon/native-crypto.ts'
import type { FolderBench, Place } from './folder-bench.ts'
import { FOLDER } from './folder-bench.ts'

export interface Told {
  view(): FolderView
  ls(state?: EntriesQuery['state']): Entry[]
  why(absolute: string): Promise<Why>
}

/** Every answer is of its documented shape. */
export function told(bench: FolderBench, place: Place): Told {
  const parts = (): ServiceParts => partsOf(bench, place)
  return {
    view: () => zFolder.parse(toFolderView(parts(), heldFolderOf(parts(), FOLDER))),
    ls: (state = 'all') => {
      const query = { directory: '', recursive: true, state, limit: 1000 } as const
      return zEntryPage.parse(listEntries(parts(), heldFolderOf(parts(), FOLDER), query)).entries
    },
    why: async (absolute) => {
      let answer: Why | undefined
      const asked = explainPath(parts(), absolute, { signal: new AbortController().signal })
      void asked.then((found) => (answer = found))
      await bench.until('an answer', () => answer !== undefined)
      return zWhy.parse(await asked)
    },
  }
}

export function stateOf(entries: readonly Entry[], path: string): string | undefined {
  return entries.find((entry) => entry.path === path)?.state
}

/** What must hold of a folder whatever its state: what is not in sync is listed, and every path of it has a sentence. */
export function assertListed({ view, ls }: Told, when: string): void {
  const folder = view()
  const unsynced = ls('unsynced')
  const behind = folder.peers.filter(({ isInSync }) => !isInSync)
  const isOpen =
    folder.state.kind !== 'in-sync' ||
    folder.conflicts + folder.localChanges + folder.heldBack + folder.problems + behind.length > 0
  if (isOpen) assert.ok(unsynced.length > 0, `${when}: nothing is listed of ${JSON.stringify(folder)}`)
  for (const { path, state, reason } of ls()) {
    if (state !== 'synced') assert.match(reason ?? '', /^\S+ .*\S/s, `${when}: ${path} is ${state} without a sentence`)
  }
  const count = (state: string): number => unsynced.filter((entry) => entry.state === state).length
  if (folder.mode === 'receive-only') assert.equal(count('local'), folder.localChanges, `${when}: local changes`)
  assert.equal(count('held-back'), folder.heldBack, `${when}: held back`)
  // A copy that is still to come, or is about to go, is in that state first.
  assert.ok(unsynced.length >= folder.conflicts, `${when}: conflicts`)
}

/** As much of a service as looking needs; all of it as the daemon has it, but for the machine and the group. */
function partsOf({ world }: FolderBench, { device, daemon }: Place): ServiceParts {
  const devices = world.devices()
  const clock = {
    wallMs: () => device.wall.nowMs(),
    monotonicMs: () => Math.floor(world.scheduler.nowMs()),
    sleep: () => Promise.resolve(),
  }
  const nowhere = { write: () => Promise.resolve(), event: () => undefined }
  const state = {
    ...nowhere,
    read: () => Promise.resolve(undefined),
    remove: nowhere.write,
    list: () => Promise.resolve([]),
  }
  const parts = {
    deps: { catalogue: daemon.catalogue, crypto: CRYPTO, clock, log: nowhere, state },
    sync: daemon.sync,
    transport: daemon.transport,
    groupLog: {
      state: {
        members: new Map(devices.map(({ id, name }) => [id, { device: id, name }])),
        names: new Map(devices.map(({ id, name }) => [id, name])),
        folders: new Map(),
        hasUnknownKind: false,
      },
    },
    notes: new Notes({ state, clock, log: nowhere }, ''),
    uploads: new Uploads({ clock, emit: () => undefined }),
    machine: { inspect: (path: string) => Promise.resolve({ realPath: path }) },
  }
  // What tells of paths reads these parts; the others belong to a real machine.
  return parts as unknown as ServiceParts
}

const CRYPTO = createNativeCrypto()

/** The `StateFiles` port on a simulated disk: temp, sync, rename, sync of the directory. */

import assert from 'node:assert/strict'
import type { StateFiles } from '../../daemon/ports.ts'
import type { DiskCalls, SimDisk } from './disk.ts'
import type { Life } from './life.ts'
import { syncDirectoryOf } from './versions.ts'
import type { Volume } from './volume.ts'

/** Where each device keeps its own small files. */
export const STATE_DIRECTORY = '/holt-state'
/** Parts joined by `/`; none begins with a dot. */
const NAME = /^(?!\.)[\w.@+=-]+(?:\/(?!\.)[\w.@+=-]+)*$/
/** No name ends like this once it is encoded. */
const TEMPORARY = '%new'

export function openSimState(disk: SimDisk, life: Life): StateFiles {
  const calls = disk.callsOf(life)
  const changes = new Map<string, Promise<void>>()
  return {
    read: async (name) => {
      const path = pathOf(name)
      return calls.call('read', path, (volume) => volume.find(path)?.content.slice())
    },
    write: async (name, bytes) => {
      const [path, content] = [pathOf(name), bytes.slice()]
      return inOrder(changes, path, () => replaceFile(calls, path, content))
    },
    remove: async (name) => {
      const path = pathOf(name)
      return inOrder(changes, path, () => removeFile(calls, path))
    },
    list: (prefix) =>
      calls.call('list', STATE_DIRECTORY, (volume) => {
        if (volume.find(STATE_DIRECTORY) === undefined) return []
        const names = volume.list(STATE_DIRECTORY).map(({ name }) => name)
        const kept = names.filter((name) => !name.endsWith(TEMPORARY)).map(decodeURIComponent)
        return kept.filter((name) => name.startsWith(prefix)).sort()
      }),
  }
}

function pathOf(name: string): string {
  assert.match(name, NAME, 'a name of a state file')
  return `${STATE_DIRECTORY}/${encodeURIComponent(name)}`
}

/** Changes of one file come one after another, so that the last one asked for stands. */
function inOrder(changes: Map<string, Promise<void>>, path: string, change: () => Promise<void>): Promise<void> {
  const done = (changes.get(path) ?? Promise.resolve()).then(change)
  changes.set(
    path,
    done.catch(() => undefined),
  )
  return done
}

async function replaceFile(calls: DiskCalls, path: string, content: Uint8Array): Promise<void> {
  const temporary = path + TEMPORARY
  await calls.call('write', temporary, (volume) => {
    makeDirectory(volume)
    volume.replace(temporary, volume.find(temporary) ?? volume.create(temporary, 'file'), content)
  })
  await calls.call('fsync', temporary, (volume) => volume.syncFile(volume.get(temporary)))
  await calls.call('rename', path, (volume) => volume.rename(temporary, path))
  await calls.call('fsync', path, (volume) => syncDirectoryOf(volume, path))
}

async function removeFile(calls: DiskCalls, path: string): Promise<void> {
  await calls.call('unlink', path, (volume) => {
    if (volume.find(path) !== undefined) volume.unlink(path)
  })
  await calls.call('fsync', path, (volume) => syncDirectoryOf(volume, path))
}

function makeDirectory(volume: Volume): void {
  if (volume.find(STATE_DIRECTORY) === undefined) volume.create(STATE_DIRECTORY, 'directory')
}

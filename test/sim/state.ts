/** The `StateFiles` port on a simulated disk: temp, sync, rename, sync of the directory. */

import type { StateFiles } from '../../daemon/ports.ts'
import type { SimDisk } from './disk.ts'
import type { Life } from './life.ts'
import { syncDirectoryOf } from './versions.ts'
import type { Volume } from './volume.ts'

/** Where each device keeps its own small files. */
export const STATE_DIRECTORY = '/holt-state'
/** No name ends like this once it is encoded. */
const TEMPORARY = '%new'

export function openSimState(disk: SimDisk, life: Life): StateFiles {
  const calls = disk.callsOf(life)
  const pathOf = (name: string): string => `${STATE_DIRECTORY}/${encodeURIComponent(name)}`
  return {
    read: (name) => calls.call('read', pathOf(name), (volume) => volume.find(pathOf(name))?.content.slice()),
    async write(name, bytes) {
      const path = pathOf(name)
      const temporary = path + TEMPORARY
      const content = bytes.slice()
      await calls.call('write', temporary, (volume) => {
        makeDirectory(volume)
        volume.replace(temporary, volume.find(temporary) ?? volume.create(temporary, 'file'), content)
      })
      await calls.call('fsync', temporary, (volume) => volume.syncFile(volume.get(temporary)))
      await calls.call('rename', path, (volume) => volume.rename(temporary, path))
      await calls.call('fsync', path, (volume) => syncDirectoryOf(volume, path))
    },
    async remove(name) {
      const path = pathOf(name)
      await calls.call('unlink', path, (volume) => {
        if (volume.find(path) !== undefined) volume.unlink(path)
      })
      await calls.call('fsync', path, (volume) => syncDirectoryOf(volume, path))
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

function makeDirectory(volume: Volume): void {
  if (volume.find(STATE_DIRECTORY) !== undefined) return
  volume.create(STATE_DIRECTORY, 'directory')
  volume.syncAll()
}

/** Putting right what a crash left of a batch: what arrived stays, what is missing comes back from the versions. */

import type { FileIdentity, Intent, Recovered } from '../../daemon/ports.ts'
import { fingerprintOf, identityIn, identityOf, isSameBytes } from './disk-names.ts'
import type { Inode } from './inode.ts'
import { incomingPath, placeOf } from './tree-root.ts'
import type { TreeRoot } from './tree-root.ts'
import { syncDirectoryOf, versionPath } from './versions.ts'
import type { Volume } from './volume.ts'

export async function recoverIntent(root: TreeRoot, intent: Intent): Promise<Recovered> {
  const { path, arriving, replaced } = intent
  const state = await root.calls.call('stat', `${root.path}/${path}`, (volume) => {
    const inode = volume.find(placeOf(volume, root.path, path))
    if (inode === undefined) return 'absent'
    if (arriving !== null && identityOf(inode) === arriving) return 'arrived'
    return isUntouched(inode, intent) ? 'untouched' : 'other'
  })
  switch (state) {
    case 'arrived':
      return finishArrival(root, intent, arriving)
    case 'absent':
      if (replaced !== null) await bringBack(root, intent)
      return { kind: 'as-before', path }
    case 'untouched':
      return { kind: 'as-before', path }
    case 'other':
      return { kind: 'other', path }
  }
}

/** Whether what was to be replaced still stands there. */
function isUntouched(inode: Inode, { replaced }: Intent): boolean {
  if (replaced === null) return false
  return identityOf(inode) === identityIn(replaced.fingerprint) && isSameBytes(inode, replaced.fingerprint)
}

/** The name in the store that a crash left beside the path goes, so that an edit in place cannot spoil a stored blob. */
function finishArrival(root: TreeRoot, { path }: Intent, arriving: FileIdentity | null): Promise<Recovered> {
  return root.calls.call('unlink', incomingPath(root.path), (volume) => {
    for (const { name, inode } of volume.find(incomingPath(root.path))?.names.values() ?? []) {
      if (identityOf(inode) === arriving) volume.unlink(`${incomingPath(root.path)}/${name}`)
    }
    const inode = volume.find(placeOf(volume, root.path, path))
    if (inode === undefined) return { kind: 'other', path }
    return { kind: 'arrived', path, fingerprint: fingerprintOf(inode) }
  })
}

async function bringBack(root: TreeRoot, { path, replaced }: Intent): Promise<void> {
  if (replaced === null) return
  const kept = versionPath(root, replaced.keepAs)
  await root.calls.call('rename', kept, (volume: Volume) => {
    const at = placeOf(volume, root.path, path)
    const isThere = volume.find(kept) !== undefined && volume.find(directoryOf(at))?.kind === 'directory'
    if (isThere && volume.find(at) === undefined) volume.rename(kept, at)
  })
  await root.calls.call('fsync', kept, (volume) => syncDirectoryOf(volume, kept))
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}
